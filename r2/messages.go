package r2

import (
	"encoding/hex"
	"net/http"

	"flint/internal/cferr"
)

// Errors of R2. https://developers.cloudflare.com/r2/api/error-codes/
var (
	ErrInvalidBucketName  = cferr.New(http.StatusBadRequest, 10005, "The specified bucket name is not valid.")
	ErrNoSuchBucket       = cferr.New(http.StatusNotFound, 10006, "The specified bucket does not exist.")
	ErrNoSuchKey          = cferr.New(http.StatusNotFound, 10007, "The specified key does not exist.")
	ErrBucketNotEmpty     = cferr.New(http.StatusConflict, 10008, "The bucket you tried to delete is not empty.")
	ErrBucketExists       = cferr.New(http.StatusConflict, 10004, "The bucket you tried to create already exists, and you own it.")
	ErrEntityTooSmall     = cferr.New(http.StatusBadRequest, 10011, "Your proposed upload is smaller than the minimum allowed object size.")
	ErrMetadataTooLarge   = cferr.New(http.StatusBadRequest, 10012, "Your metadata headers exceed the maximum allowed metadata size.")
	ErrIncompleteBody     = cferr.New(http.StatusBadRequest, 10013, "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	ErrInvalidObjectName  = cferr.New(http.StatusBadRequest, 10020, "The specified object name is not valid.")
	ErrInvalidMaxKeys     = cferr.New(http.StatusBadRequest, 10022, "MaxKeys params must be positive integer <= 1000.")
	ErrNoSuchUpload       = cferr.New(http.StatusBadRequest, 10024, "The specified multipart upload does not exist.")
	ErrInvalidPart        = cferr.New(http.StatusBadRequest, 10025, "One or more of the specified parts could not be found.")
	ErrInvalidRequest     = cferr.New(http.StatusBadRequest, 10029, "Metadata missing or invalid")
	ErrPreconditionFailed = cferr.New(http.StatusPreconditionFailed, 10031, "At least one of the pre-conditions you specified did not hold.")
	ErrInvalidRange       = cferr.New(http.StatusRequestedRangeNotSatisfiable, 10039, "The requested range is not satisfiable")
	ErrBadUpload          = cferr.New(http.StatusInternalServerError, 10048, "There was a problem with the multipart upload.")
	ErrEntityTooLarge     = cferr.New(http.StatusBadRequest, 100100, "Your proposed upload exceeds the maximum allowed object size.")

	// Of the same codes, with words that say what is wrong.
	errInvalidCursor       = cferr.New(http.StatusBadRequest, 10029, "The cursor is not one that a list returned.")
	errTooManyKeys         = cferr.Newf(http.StatusBadRequest, 10029, "delete takes at most %d keys.", MaxDeleteKeys)
	errInvalidStorageClass = cferr.New(http.StatusBadRequest, 10029, "The storage class must be Standard or InfrequentAccess.")
	errInvalidPartNumber   = cferr.Newf(http.StatusBadRequest, 10029, "Part number must be between 1 and %d (inclusive).", MaxParts)
	errMalformedRange      = cferr.New(http.StatusBadRequest, 10029, "The Range header is not a single range of bytes.")
	errMalformedCondition  = cferr.New(http.StatusBadRequest, 10029, "The If-Match or If-None-Match header is not a list of ETags.")
	errInvalidCustomJSON   = cferr.New(http.StatusBadRequest, 10029, "The header cf-r2-custom-metadata is not a JSON object of strings.")
	errInvalidKeyList      = cferr.New(http.StatusBadRequest, 10029, "The request body must be a non-empty JSON array of keys.")
	errInvalidBucketJSON   = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with a name.")
	errInvalidPerPage      = cferr.New(http.StatusBadRequest, 10029, "per_page must be between 1 and 1000.")
	errS3Metadata          = cferr.Newf(http.StatusBadRequest, 10012, "Your metadata headers exceed the maximum allowed metadata size: an S3 store keeps %d bytes with an object.", maxS3Metadata)
	errNotServedSSEC       = cferr.NotServed("R2 server-side encryption with customer keys (ssecKey)")
)

// badDigest says that the content is not what the uploader promised.
func badDigest(algorithm string, given, actual []byte) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10037,
		"The %[1]s checksum you specified did not match what we received.\nYou provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s",
		algorithm, hex.EncodeToString(given), hex.EncodeToString(actual))
}

// errS3Away says that the S3 store cannot be reached.
func errS3Away(addr, reason string) error {
	return cferr.Newf(http.StatusServiceUnavailable, codeUnavailable,
		"R2 cannot reach the S3 store at %s (%s). Start it, or change [r2] driver in flint.toml.", addr, reason)
}

// errS3Reply says what the S3 store refused to do.
func errS3Reply(addr, code, text string) error {
	return cferr.Newf(http.StatusServiceUnavailable, codeUnavailable, "The S3 store at %s answered R2: %s: %.*s", addr, code, maxS3Text, text)
}

// errS3List says that a list does not get on.
func errS3List(addr string) error {
	return errS3Reply(addr, "ListObjectsV2", "the list gives the same keys again")
}

// maxS3Text is how much of a store's own words is shown, in bytes.
const maxS3Text = 300

// codeUnavailable is R2's code of a service that does not answer.
const codeUnavailable = 10043

var errUnavailable = cferr.New(http.StatusServiceUnavailable, codeUnavailable, "The S3 store is not available.")
