package r2

import (
	"errors"
	"time"
)

// errNotModified says that the client has this version already: a 304.
var errNotModified = errors.New("not modified")

// precondition holds the headers of a GET or HEAD against an object, in the
// order of RFC 9110: If-Match overrules If-Unmodified-Since, and If-None-Match
// overrules If-Modified-Since. It returns ErrPreconditionFailed or
// errNotModified if the object is not to be sent.
// https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
func (c *Conditional) precondition(o *Object) error {
	if c == nil {
		return nil
	}
	modified := o.Uploaded.Truncate(time.Second)
	switch {
	case c.Matches != nil:
		if !anyStrong(c.Matches, o.ETag) {
			return ErrPreconditionFailed
		}
	case c.UploadedBefore != nil && modified.After(*c.UploadedBefore):
		return ErrPreconditionFailed
	}
	switch {
	case c.DoesNotMatch != nil:
		if anyWeak(c.DoesNotMatch, o.ETag) {
			return errNotModified
		}
	case c.UploadedAfter != nil && !modified.After(*c.UploadedAfter):
		return errNotModified
	}
	return nil
}

// sameVersion is the condition that o was not replaced by other content.
func sameVersion(o *Object) *Conditional {
	return &Conditional{Matches: []ETag{{Value: o.ETag}}}
}
