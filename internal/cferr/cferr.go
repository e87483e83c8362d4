package cferr

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is a failure with Cloudflare's code and message.
type Error struct {
	Code    int    // Cloudflare's error code, for example 10007; 0 where the protocol has none
	Status  int    // HTTP status
	Message string // the exact sentence that the client sees
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (%d)", e.Message, e.Code)
}

// Is makes errors.Is compare codes and statuses, so that a sentinel matches an error
// whose message has details added. Errors without a code match by their message too.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Status == e.Status && (t.Code != 0 || t.Message == e.Message)
}

// New makes an Error.
func New(status, code int, message string) *Error {
	return &Error{Code: code, Status: status, Message: message}
}

// Newf makes an Error with a formatted message.
func Newf(status, code int, format string, args ...any) *Error {
	return New(status, code, fmt.Sprintf(format, args...))
}

// Internal is what a client sees of any error that is not an Error.
var Internal = New(http.StatusInternalServerError, 10001, "We encountered an internal error. Please try again.")

// From returns the Error in err's chain, or Internal when there is none.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal
}

// NotServed is the error for a feature, named by what, that flint does not serve: 501.
func NotServed(what string) *Error {
	return Newf(http.StatusNotImplemented, 10501, "flint does not serve %s yet", what)
}
