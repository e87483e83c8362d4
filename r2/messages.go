package r2

import (
	"net/http"

	"flint/internal/cferr"
)

// Errors of R2. https://developers.cloudflare.com/r2/api/error-codes/
var (
	ErrInvalidBucketName  = cferr.New(http.StatusBadRequest, 10005, "The specified bucket name is not valid.")
	ErrBucketExists       = cferr.New(http.StatusConflict, 10004, "The bucket you tried to create already exists, and you own it.")
	errTooManyKeys        = cferr.Newf(http.StatusBadRequest, 10029, "delete takes at most %d keys.", MaxDeleteKeys)
	errMalformedCondition = cferr.New(http.StatusBadRequest, 10029, "The If-Match or If-None-Match header is not a list of ETags.")
	errInvalidCustomJSON  = cferr.New(http.StatusBadRequest, 10029, "The header cf-r2-custom-metadata is not a JSON object of strings.")
	errInvalidKeyList     = cferr.New(http.StatusBadRequest, 10029, "The request body must be a non-empty JSON array of keys.")
	errInvalidBucketJSON  = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with a name.")
	errInvalidPerPage     = cferr.New(http.StatusBadRequest, 10029, "per_page must be between 1 and 1000.")
	errNoCORS             = cferr.New(http.StatusNotFound, 10059, "The CORS configuration does not exist.")
	errInvalidRulesJSON   = cferr.New(http.StatusBadRequest, 10029, "The request body must be a JSON object with an array of rules.")
	errNoEvents           = cferr.New(http.StatusBadRequest, 10029, "A notification rule needs actions: object-create, object-delete or one of theirs.")
	errNoNotifications    = cferr.New(http.StatusNotFound, 11015, "The bucket has no such event notification rule.")
	errTooManyEvents      = cferr.Newf(http.StatusTooManyRequests, 10058, "More than %d changes of the bucket wait for its event notification queues, which do not take them; look at the log.", maxPendingEvents)
	errNoQueue            = cferr.New(http.StatusNotFound, 11000, "The specified queue does not exist.")
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
