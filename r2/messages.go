package r2

import (
	"encoding/hex"
	"fmt"
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
	errNoCORS              = cferr.New(http.StatusNotFound, 10059, "The CORS configuration does not exist.")
	errInvalidRulesJSON    = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with an array of rules.")
	errNoEvents            = cferr.New(http.StatusBadRequest, 10029, "A notification rule needs actions: object-create, object-delete or one of theirs.")
	errNoNotifications     = cferr.New(http.StatusNotFound, 11015, "The bucket has no such event notification rule.")
	errDiskFull            = cferr.New(http.StatusInsufficientStorage, 10043, "The disk that holds flint's state is full, so nothing was changed. Free some space and try again.")
	errTooManyEvents       = cferr.Newf(http.StatusTooManyRequests, 10058, "More than %d changes of the bucket wait for its event notification queues, which do not take them; look at the log.", maxPendingEvents)
	errNoQueue             = cferr.New(http.StatusNotFound, 11000, "The specified queue does not exist.")
	errS3Metadata          = cferr.Newf(http.StatusBadRequest, 10012, "Your metadata headers exceed the maximum allowed metadata size: an S3 store keeps %d bytes with an object.", maxS3Metadata)
)

// Errors of objects that are encrypted with the client's key. The third sentence
// is R2's own (its S3 API gave it on 2026-06-11, says the peer); R2's words for
// the other two are not known, so they are those of S3, which R2 follows.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
var (
	ErrSSECKeyRequired   = cferr.New(http.StatusBadRequest, 10029, "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	ErrSSECKeyMismatch   = cferr.New(http.StatusForbidden, 10003, "The provided encryption parameters did not match the ones used originally.")
	ErrSSECNotApplicable = cferr.New(http.StatusBadRequest, 10029, "The encryption parameters are not applicable to this object.")
)

// errTooManyRules says how many rules of a kind a bucket may have.
func errTooManyRules(kind string, most int) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "A bucket has at most %d %s rules.", most, kind)
}

// errInvalidRule says which rule of a list is wrong, counted from 1, and why.
func errInvalidRule(kind string, index int, why string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The %s rule %d is not valid: %s.", kind, index+1, why)
}

func errUnknownEvent(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The event %q is none of object-create, object-delete, PutObject, CopyObject, CompleteMultipartUpload, DeleteObject, LifecycleDeletion.", name)
}

// errBlobID is damage that a user cannot cause.
func errBlobID(id string) error { return fmt.Errorf("the blob %q has no id to decrypt it by", id) }

func errAlgorithm(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The checksum algorithm %s is none of CRC32, CRC32C, CRC64NVME, SHA1, SHA256.", name)
}

func errChecksumType(want, got string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", want, got)
}

func errObjectSize(given, actual int64) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "The parts make an object of %d bytes, not of %d.", actual, given)
}

// badDigest says that the content is not what the uploader promised.
func badDigest(algorithm string, given, actual []byte) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10037,
		"The %[1]s checksum you specified did not match what we received.\nYou provided a %[1]s checksum with value: %[2]s\nActual %[1]s was: %[3]s",
		algorithm, hex.EncodeToString(given), hex.EncodeToString(actual))
}

// Public hosts: Cloudflare documents no codes for them.

func errInvalidDomain(host string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 10029, "%q is not a host name that a bucket can have.", host)
}

func errDomainTaken(host, bucket string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, 10029, "The domain %s is connected to the bucket %s already.", host, bucket)
}

func errNoSuchDomain(host, bucket string) *cferr.Error {
	return cferr.Newf(http.StatusNotFound, 10029, "The domain %s is not connected to the bucket %s.", host, bucket)
}

func errFixedDomain(host string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, 10029, "The domain %s stands under [r2.domains] in flint.toml; change it there.", host)
}

func errFixedPublic(bucket string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, 10029, "The bucket %s stands in public under [r2] in flint.toml; change it there.", bucket)
}

var (
	errTooManyDomains    = cferr.Newf(http.StatusBadRequest, 10029, "At most %d custom domains can be added.", maxDomains)
	errInvalidDomainJSON = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with a domain.")
	errInvalidGraphQL    = cferr.New(http.StatusBadRequest, 10029, "The request body must be a GraphQL query with its operationName.")
	errInvalidCopyJSON   = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with the bucket and the key of the source.")
	errInvalidParts      = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON array of parts with their ETags.")
	errInvalidDevJSON    = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with enabled, true or false.")
)

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
