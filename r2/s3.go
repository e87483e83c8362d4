package r2

import "net/http"

// What the S3 API shares with the other ways to a bucket over HTTP.

// NotModified reports whether an object for which c does not hold is to be
// answered 304: it is only not newer than the client's.
func (c *Conditional) NotModified(o *Object) bool {
	required := &Conditional{Matches: c.Matches, UploadedBefore: c.UploadedBefore, Seconds: true}
	return required.holds(o)
}

// WriteHTTPHeaders writes what R2 keeps of an object as HTTP headers.
func (o *Object) WriteHTTPHeaders(h http.Header) { setObjectHeaders(h, o) }
