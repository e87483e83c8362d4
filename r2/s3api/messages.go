package s3api

import (
	"fmt"
	"net/http"
)

// Errors of the S3 protocol itself, in R2's words.
// https://developers.cloudflare.com/r2/api/error-codes/
var (
	errNoAuthorization  = failure(http.StatusBadRequest, "InvalidArgument", "Authorization")
	errUnauthorized     = failure(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	errAccessDenied     = failure(http.StatusForbidden, "AccessDenied", "Access Denied")
	errAlgorithm        = failure(http.StatusBadRequest, "InvalidRequest", "Please use "+algorithm)
	errNoContentHash    = failure(http.StatusBadRequest, "InvalidRequest", "Missing x-amz-content-sha256")
	errNoDate           = failure(http.StatusBadRequest, "InvalidArgument", "No date provided in x-amz-date nor date header")
	errSkewed           = failure(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large.")
	errExpired          = failure(http.StatusForbidden, "ExpiredRequest", "Request has expired")
	errExpiresNumber    = failure(http.StatusBadRequest, "InvalidArgument", "X-Amz-Expires should be a number")
	errExpiresLong      = failuref(http.StatusBadRequest, "InvalidArgument", "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than %d seconds", maxExpires)
	errSecurityToken    = failure(http.StatusBadRequest, "InvalidArgument", "X-Amz-Security-Token")
	errContentSHA256    = failure(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	errContentHashForm  = failure(http.StatusBadRequest, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a SHA-256 in hex.")
	errChunkSignature   = failure(http.StatusForbidden, "SignatureDoesNotMatch", "The signature of a chunk we calculated does not match the signature you provided. Check your secret access key and signing method.")
	errMalformedChunk   = failure(http.StatusBadRequest, "InvalidRequest", "The body is not a sequence of aws-chunked chunks.")
	errIncompleteBody   = failure(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.")
	errNoLength         = failure(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	errNoDecodedLength  = failure(http.StatusLengthRequired, "MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header with an aws-chunked body.")
	errMissingTrailer   = failure(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
	errInvalidDigest    = failure(http.StatusBadRequest, "InvalidDigest", "The checksum or Content-MD5 you specified is not valid.")
	errManyChecksums    = failure(http.StatusBadRequest, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
	errNoChecksum       = failure(http.StatusBadRequest, "InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	errMalformedXML     = failure(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well formed or did not validate against our published schema.")
	errNoRoute          = failure(http.StatusNotFound, "RouteNotFound", "No route matches this url.")
	errBadPath          = failure(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	errFormPost         = notImplemented("Presigned post requests are not yet implemented")
	errMaxKeys          = failure(http.StatusBadRequest, "InvalidMaxKeys", "MaxKeys params must be positive integer <= 1000.")
	errV1Token          = failure(http.StatusBadRequest, "InvalidArgument", "continuation-token not supported in ListObjects")
	errRangeForm        = failure(http.StatusBadRequest, "InvalidArgument", "range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'") // sic
	errRangeInverted    = failure(http.StatusBadRequest, "InvalidArgument", "range must be positive.")
	errRangeAndPart     = failure(http.StatusBadRequest, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter.")
	errNoPart           = failure(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable")
	errConditionForm    = failure(http.StatusBadRequest, "InvalidArgument", "The If-Match or If-None-Match header is not a list of ETags.")
	errCopySource       = failure(http.StatusBadRequest, "InvalidArgument", "copy source bucket name")
	errCopyRange        = failure(http.StatusBadRequest, "InvalidArgument", "x-amz-copy-source-range must be positive.")
	errPartNumber       = failure(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
	errInvalidPart      = failure(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
	errPartTwice        = failure(http.StatusBadRequest, "InvalidPart", "There was a problem with the multipart upload.")
	errNoSuchUpload     = failure(http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist.")
	errStorageClass     = failure(http.StatusBadRequest, "InvalidStorageClass", "The storage class specified is not valid.")
	errLocation         = failure(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location constraint is not valid.")
	errMetadataEncoding = failure(http.StatusBadRequest, "InvalidArgument", "An x-amz-meta- header is neither UTF-8 nor an RFC 2047 encoded word.")
	errExpiresDate      = failure(http.StatusBadRequest, "InvalidArgument", "The Expires header is not an HTTP date.")
	errNoCORS           = failure(http.StatusNotFound, "NoSuchCORSConfiguration", "The CORS configuration does not exist")
	errNoLifecycle      = failure(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
	errPreflight        = failure(http.StatusForbidden, "Forbidden", "CORS not configured for this bucket, or no rule allows this origin, method and headers.")
	errTypeAlone        = failure(http.StatusBadRequest, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	errSSECNoKey        = failure(http.StatusBadRequest, "InvalidArgument", "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.")
	errSSECNoMD5        = failure(http.StatusBadRequest, "InvalidArgument", "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.")
	errSSECNoAlgorithm  = failure(http.StatusBadRequest, "InvalidArgument", "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.")
	errSSECAlgorithm    = failure(http.StatusBadRequest, "InvalidEncryptionAlgorithmError", "The encryption request that you specified is not valid. The valid value is AES256.")
	errSSECKey          = failure(http.StatusBadRequest, "InvalidArgument", "The secret key was invalid for the specified algorithm.")
	errSSECMD5          = failure(http.StatusBadRequest, "InvalidArgument", "The calculated MD5 hash of the key did not match the hash that was provided.")
	errRequestTooLarge  = failuref(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big: an XML body has at most %d bytes.", maxXML)
)

const textMismatch = "The request signature we calculated does not match the signature you provided. Check your secret access key and signing method."

// notImplemented is R2's way of refusing what it lacks, by its name.
func notImplemented(what string) *Error {
	return failure(http.StatusNotImplemented, "NotImplemented", what+" not implemented")
}

func headerNotImplemented(name, value string) *Error {
	return notImplemented(fmt.Sprintf("Header '%s' with value '%s'", name, value))
}

func invalidArgument(format string, args ...any) *Error {
	return failuref(http.StatusBadRequest, "InvalidArgument", format, args...)
}
