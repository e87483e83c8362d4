package driver

import (
	"encoding/hex"
	"fmt"
	"net/http"

	"flint/internal/cferr"
)

// Errors of R2, by https://developers.cloudflare.com/r2/api/error-codes/. Where R2's own words
// are not known they say what is wrong.
var (
	ErrInvalidMaxKeys = cferr.New(http.StatusBadRequest, 10022, "MaxKeys params must be positive integer <= 1000.")
	// Of the same codes, with words that say what is wrong.
	errInvalidCursor       = cferr.New(http.StatusBadRequest, 10029, "The cursor is not one that a list returned.")
	ErrBadUpload           = cferr.New(http.StatusInternalServerError, 10048, "There was a problem with the multipart upload.")
	ErrEntityTooSmall      = cferr.New(http.StatusBadRequest, 10011, "Your proposed upload is smaller than the minimum allowed object size.")
	ErrInvalidPart         = cferr.New(http.StatusBadRequest, 10025, "One or more of the specified parts could not be found.")
	ErrInvalidPartNumber   = cferr.Newf(http.StatusBadRequest, 10029, "Part number must be between 1 and %d (inclusive).", MaxParts)
	ErrDiskFull            = cferr.New(http.StatusInsufficientStorage, 10043, "The disk that holds flint's state is full, so nothing was changed. Free some space and try again.")
	ErrInvalidObjectName   = cferr.New(http.StatusBadRequest, 10020, "The specified object name is not valid.")
	ErrMetadataTooLarge    = cferr.New(http.StatusBadRequest, 10012, "Your metadata headers exceed the maximum allowed metadata size.")
	ErrInvalidStorageClass = cferr.New(http.StatusBadRequest, 10029, "The storage class must be Standard or InfrequentAccess.")
	ErrEntityTooLarge      = cferr.New(http.StatusBadRequest, 100100, "Your proposed upload exceeds the maximum allowed object size.")
	ErrInvalidRange        = cferr.New(http.StatusRequestedRangeNotSatisfiable, 10039, "The requested range is not satisfiable")
	errMalformedRange      = cferr.New(http.StatusBadRequest, 10029, "The Range header is not a single range of bytes.")
	ErrInvalidRequest      = cferr.New(http.StatusBadRequest, 10029, "Metadata missing or invalid")
	ErrSSECKeyRequired     = cferr.New(http.StatusBadRequest, 10029, "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	ErrSSECKeyMismatch     = cferr.New(http.StatusForbidden, 10003, "The provided encryption parameters did not match the ones used originally.")
	ErrSSECNotApplicable   = cferr.New(http.StatusBadRequest, 10029, "The encryption parameters are not applicable to this object.")
	ErrPreconditionFailed  = cferr.New(http.StatusPreconditionFailed, 10031, "At least one of the pre-conditions you specified did not hold.")
	ErrNoSuchKey           = cferr.New(http.StatusNotFound, 10007, "The specified key does not exist.")
	ErrNoSuchBucket        = cferr.New(http.StatusNotFound, 10006, "The specified bucket does not exist.")
	ErrBucketNotEmpty      = cferr.New(http.StatusConflict, 10008, "The bucket you tried to delete is not empty.")
	ErrIncompleteBody      = cferr.New(http.StatusBadRequest, 10013, "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	ErrNoSuchUpload        = cferr.New(http.StatusBadRequest, 10024, "The specified multipart upload does not exist.")
)

// badDigest says that the content is not what the uploader promised.
func badDigest(algorithm string, given, actual []byte) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10037,
		"The %[1]s checksum you specified did not match what we received.\nYou provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s",
		algorithm, hex.EncodeToString(given), hex.EncodeToString(actual))
}

func errChecksumType(want, got string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", want, got)
}

func errObjectSize(given, actual int64) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The parts make an object of %d bytes, not of %d.", actual, given)
}

func errAlgorithm(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The checksum algorithm %s is none of CRC32, CRC32C, CRC64NVME, SHA1, SHA256.", name)
}

// errBlobID is damage that a user cannot cause.
func errBlobID(id string) error { return fmt.Errorf("the blob %q has no id to decrypt it by", id) }

// CodeUnavailable is R2's code of a service that does not answer.
const CodeUnavailable = 10043

// ErrUnavailable says that an S3 store does not answer.
var ErrUnavailable = cferr.New(http.StatusServiceUnavailable, CodeUnavailable, "The S3 store is not available.")
