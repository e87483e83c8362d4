package kv

import (
	"net/http"

	"flint/internal/cferr"
)

// Cloudflare's error codes for the REST API. A binding shows only status and
// message.
const (
	codeBadRequest    = 10001
	codeKeyNotFound   = 10009
	codeNoNamespace   = 10013
	codeTitleTaken    = 10014
	codeTitleMissing  = 10019
	codeInvalidOption = 10033
	codeTooLarge      = 10047
	codeThrottled     = 971
)

// ErrNamespaceNotFound says that nobody declared or created the namespace.
var ErrNamespaceNotFound = cferr.New(http.StatusNotFound, codeNoNamespace, "namespace not found")

var (
	errTitleTaken   = cferr.New(http.StatusBadRequest, codeTitleTaken, "A namespace with this account ID and title already exists")
	errTitleMissing = cferr.New(http.StatusBadRequest, codeTitleMissing, "A namespace title is required")
	errTitleLong    = cferr.Newf(http.StatusBadRequest, codeInvalidOption, "A namespace title may have at most %d bytes", maxTitleBytes)
	errNamespaceID  = cferr.Newf(http.StatusBadRequest, codeInvalidOption, "A namespace id must have 1 to %d bytes", maxNamespaceBytes)

	errEmptyKey        = errOption("Key names must not be empty")
	errKeyEncoding     = errOption("Could not URL-decode key name")
	errCursor          = errOption("Invalid cursor. Use the cursor that the previous list answered with.")
	errMetadata        = errOption("Metadata is not valid JSON.")
	errTooManyBulkKeys = errOption("You can request a maximum of %d keys", MaxBulkGetKeys)
	errNoBulkKeys      = errOption("You must request a minimum of 1 key")
	errTooManyWrites   = cferr.New(http.StatusTooManyRequests, codeThrottled, "Too Many Requests")
	errBulkPairs       = errOption("A bulk write or delete takes at most %d keys", MaxBulkPairs)
)

func errOption(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeInvalidOption, format, args...)
}

func errTooLarge(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, codeTooLarge, format, args...)
}

func errIllegalKey(key string) error {
	return errOption("Illegal key name %q. Please use a different name.", key)
}

func errLongKey(n int) error {
	return cferr.Newf(http.StatusRequestURITooLong, codeTooLarge,
		"UTF-8 encoded length of %d exceeds key length limit of %d.", n, MaxKeyBytes)
}

func errLongValue(n int64) error {
	return errTooLarge("Value length of %d exceeds limit of %d.", n, MaxValueBytes)
}

func errLongMetadata(n int) error {
	return errTooLarge("Metadata length of %d exceeds limit of %d.", n, MaxMetadataBytes)
}

func errCacheTTL(given string) error {
	return errOption("Invalid cache_ttl of %s. Cache TTL must be at least %d.", given, MinCacheTTL)
}

func errTTLNotPositive(given string) error {
	return errOption("Invalid expiration_ttl of %s. Please specify integer greater than 0.", given)
}

func errTTLShort(ttl int64) error {
	return errOption("Invalid expiration_ttl of %d. Expiration TTL must be at least %d.", ttl, MinExpirationTTL)
}

func errExpirationPast(given string) error {
	return errOption("Invalid expiration of %s. Please specify integer greater than the current number of seconds since the UNIX epoch.", given)
}

func errExpirationSoon(at int64) error {
	return errOption("Invalid expiration of %d. Expiration times must be at least %d seconds in the future.", at, MinExpirationTTL)
}

func errLimitLow(given string) error {
	return errOption("Invalid key_count_limit of %s. Please specify an integer greater than 0.", given)
}

func errLimitHigh(given int) error {
	return errOption("Invalid key_count_limit of %d. Please specify an integer less than %d.", given, MaxListKeys)
}

func errBulkType(given string) error {
	return errOption(`"%s" is not a valid type. Use "json" or "text"`, given)
}

func errBulkValue(kind string) error {
	return errOption("At least one of the requested keys corresponds to a non-%s value", kind)
}
