package r2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"flint/r2/driver"
)

// reading is what a GET or HEAD over plain HTTP asks for.
type reading struct {
	onlyIf   *Conditional
	part     *Range
	headOnly bool
}

func parseReading(r *http.Request) (*reading, error) {
	onlyIf, err := driver.ParseConditional(r.Header)
	if err != nil {
		return nil, errMalformedCondition
	}
	q := &reading{onlyIf: onlyIf, headOnly: r.Method == http.MethodHead}
	if header := r.Header.Get("Range"); header != "" {
		q.part = &Range{Header: header, Strict: true, IfRange: r.Header.Get("If-Range")}
	}
	return q, nil
}

// open finds the object as it was at one moment; for a HEAD, Content is nil.
// With errNotModified, ErrPreconditionFailed and ErrInvalidRange it returns
// the object alone.
func (q *reading) open(ctx context.Context, b *Bucket, key string) (*Body, error) {
	if q.onlyIf == nil && !q.headOnly {
		body, err := b.Get(ctx, key, GetOptions{Range: q.part})
		if !errors.Is(err, ErrInvalidRange) {
			return body, err
		}
	}
	for range driver.MaxTries {
		o, err := b.Head(ctx, key)
		if err != nil {
			return nil, err
		}
		body := &Body{Object: o}
		if err := q.onlyIf.Precondition(o); err != nil {
			return body, err
		}
		if body.Span, err = q.part.Resolve(o); err != nil || q.headOnly {
			return body, err
		}
		found, err := b.Get(ctx, key, GetOptions{OnlyIf: driver.SameVersion(o), Range: q.part})
		if !errors.Is(err, ErrPreconditionFailed) {
			return found, err
		}
	}
	return nil, fmt.Errorf("object %q in bucket %s is replaced faster than it can be read", key, b.name)
}

// partial reports whether a part of o is sent, not the whole.
func (q *reading) partial(o *Object) bool {
	return q.part != nil && driver.IfRangeHolds(q.part.IfRange, o)
}

// serveObject answers a GET or HEAD of one object over plain HTTP with its
// metadata as headers, conditions and ranges. It returns the error that is to
// be answered if it has answered nothing.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#http-metadata
func serveObject(w http.ResponseWriter, r *http.Request, b *Bucket, key string) (sent int64, err error) {
	q, err := parseReading(r)
	if err != nil {
		return 0, err
	}
	body, err := q.open(r.Context(), b, key)
	switch {
	case errors.Is(err, driver.ErrNotModified):
		setValidators(w.Header(), body.Object)
		w.WriteHeader(http.StatusNotModified)
		return 0, nil
	case errors.Is(err, ErrInvalidRange) && body != nil:
		w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(body.Size, 10))
		return 0, err
	case err != nil:
		return 0, err
	}
	h, status := w.Header(), http.StatusOK
	setObjectHeaders(h, body.Object)
	h.Set("Content-Length", strconv.FormatInt(body.Span.Length, 10))
	if q.partial(body.Object) {
		status = http.StatusPartialContent
		h.Set("Content-Range", contentRange(body))
	}
	w.WriteHeader(status)
	if q.headOnly {
		return 0, nil
	}
	defer body.Content.Close()
	return copyOut(w, body), nil
}

// copyOut sends the content. If it breaks off, the promised length tells the
// client, to whom nothing else can be said any more.
func copyOut(w io.Writer, body *Body) int64 {
	n, _ := io.Copy(w, body.Content)
	return n
}

func contentRange(body *Body) string {
	first, last := body.Span.Offset, body.Span.Offset+body.Span.Length-1
	return "bytes " + strconv.FormatInt(first, 10) + "-" + strconv.FormatInt(last, 10) + "/" + strconv.FormatInt(body.Size, 10)
}

// setObjectHeaders writes what R2 keeps of an object as HTTP headers.
func setObjectHeaders(h http.Header, o *Object) {
	setContentHeaders(h, o)
	setValidators(h, o)
	h.Set("Accept-Ranges", "bytes")
}

// setContentHeaders writes what says how the content is to be read.
func setContentHeaders(h http.Header, o *Object) {
	h.Set("Content-Type", "application/octet-stream")
	for _, f := range [...]struct{ name, value string }{
		{"Content-Type", o.HTTP.ContentType}, {"Content-Language", o.HTTP.ContentLanguage},
		{"Content-Disposition", o.HTTP.ContentDisposition}, {"Content-Encoding", o.HTTP.ContentEncoding},
	} {
		if f.value != "" {
			h.Set(f.name, f.value)
		}
	}
}

// setValidators writes what a cache needs to know of an object: the headers of
// a 304. https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5
func setValidators(h http.Header, o *Object) {
	setFreshness(h, o)
	h.Set("ETag", driver.HTTPETag(o))
	h.Set("Last-Modified", o.Uploaded.Format(http.TimeFormat))
}

func setFreshness(h http.Header, o *Object) {
	if o.HTTP.CacheControl != "" {
		h.Set("Cache-Control", o.HTTP.CacheControl)
	}
	if o.HTTP.CacheExpiry != nil {
		h.Set("Expires", time.UnixMilli(*o.HTTP.CacheExpiry).UTC().Format(http.TimeFormat))
	}
}

// WriteHTTPHeaders writes what R2 keeps of an object as HTTP headers.
func WriteHTTPHeaders(h http.Header, o *Object) { setObjectHeaders(h, o) }
