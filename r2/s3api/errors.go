package s3api

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"flint/internal/cferr"
	"flint/r2"
)

// Error is a failure as S3 clients see it.
type Error struct {
	Status  int
	Code    string // S3's name of the error, for example NoSuchKey
	Message string
	Details []Detail // further elements of the answer
}

// Detail is an element of an error's answer besides its code and message.
type Detail struct{ Name, Text string }

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func failure(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

func failuref(status int, code, format string, args ...any) *Error {
	return failure(status, code, fmt.Sprintf(format, args...))
}

// codes are S3's names of R2's error numbers, with their status where it is not
// the one that the binding answers.
// https://developers.cloudflare.com/r2/api/error-codes/
var codes = map[int]struct {
	name   string
	status int
}{
	10001: {name: "InternalError"}, 10002: {name: "Unauthorized"}, 10003: {name: "AccessDenied"},
	10004:  {name: "BucketAlreadyOwnedByYou"},
	10005:  {name: "InvalidBucketName"},
	10006:  {name: "NoSuchBucket"},
	10007:  {name: "NoSuchKey"},
	10008:  {name: "BucketNotEmpty"},
	10009:  {name: "TooManyBuckets"},
	10011:  {name: "EntityTooSmall"},
	10012:  {name: "MetadataTooLarge"},
	10013:  {name: "IncompleteBody"},
	10014:  {name: "InvalidDigest"},
	10020:  {name: "InvalidObjectName"},
	10022:  {name: "InvalidMaxKeys"},
	10024:  {name: "NoSuchUpload", status: http.StatusNotFound},
	10025:  {name: "InvalidPart"},
	10029:  {name: "InvalidArgument"},
	10031:  {name: "PreconditionFailed"},
	10033:  {name: "MissingContentLength"},
	10037:  {name: "BadDigest"},
	10039:  {name: "InvalidRange"},
	10043:  {name: "ServiceUnavailable"},
	10048:  {name: "InvalidPart", status: http.StatusBadRequest},
	10058:  {name: "TooManyRequests"},
	10069:  {name: "ObjectLockedByBucketPolicy"},
	10073:  {name: "BucketConflict"},
	10501:  {name: "NotImplemented"},
	100100: {name: "EntityTooLarge"},
}

// from maps any error of a request to what its client is told.
func from(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errRequestTooLarge
	}
	e := cferr.From(err)
	if e == r2.ErrSSECNotApplicable || e == r2.ErrSSECKeyRequired { // R2 gives several errors one number
		return failure(e.Status, "InvalidRequest", e.Message)
	}
	c, ok := codes[e.Code]
	switch {
	case !ok && e.Status < http.StatusInternalServerError:
		c.name = "InvalidRequest"
	case !ok:
		c.name = "InternalError"
	}
	if c.status == 0 {
		c.status = e.Status
	}
	return failure(c.status, c.name, e.Message)
}

// internal reports whether an error is nobody's fault but ours.
func internal(err error) bool {
	var own *Error
	var known *cferr.Error
	var tooLarge *http.MaxBytesError
	return !errors.As(err, &own) && !errors.As(err, &known) && !errors.As(err, &tooLarge)
}

// write answers the error; a HEAD gets its status alone.
func (e *Error) write(w http.ResponseWriter) {
	var b bytes.Buffer
	b.WriteString(xmlHeader + "<Error>")
	for _, d := range append([]Detail{{"Code", e.Code}, {"Message", e.Message}}, e.Details...) {
		b.WriteString("<" + d.Name + ">")
		_ = xml.EscapeText(&b, []byte(d.Text)) // a buffer takes everything
		b.WriteString("</" + d.Name + ">")
	}
	b.WriteString("</Error>")
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(e.Status)
	_, _ = w.Write(b.Bytes()) // the client is gone: nobody is left to tell
}
