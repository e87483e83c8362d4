package s3

import (
	"net/http"

	"flint/internal/cferr"
	"flint/r2/driver"
)

var (
	errMetadata = cferr.Newf(http.StatusBadRequest, 10012, "Your metadata headers exceed the maximum allowed metadata size: an S3 store keeps %d bytes with an object.", maxMetadata)
)

// errList says that a list does not get on.
func errList(addr string) error {
	return errReply(addr, "ListObjectsV2", "the list gives the same keys again")
}

// errUnreachable says that the S3 store cannot be reached.
func errUnreachable(addr, reason string) error {
	return cferr.Newf(http.StatusServiceUnavailable, driver.CodeUnavailable,
		"R2 cannot reach the S3 store at %s (%s). Start it, or change [r2] driver in flint.toml.", addr, reason)
}

// errReply says what the S3 store refused to do.
func errReply(addr, code, text string) error {
	return cferr.Newf(http.StatusServiceUnavailable, driver.CodeUnavailable, "The S3 store at %s answered R2: %s: %.*s", addr, code, maxReplyBytes, text)
}

// maxReplyBytes is how much of a store's own words is shown, in bytes.
const maxReplyBytes = 300
