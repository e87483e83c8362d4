package r2

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// serveObject answers a GET or HEAD of one object over plain HTTP with its
// metadata as headers, conditions and ranges. It returns the error that is to
// be answered if it has answered nothing.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#http-metadata
func serveObject(w http.ResponseWriter, r *http.Request, b *Bucket, key string) (sent int64, err error) {
	onlyIf, err := ParseConditional(r.Header)
	if err != nil {
		return 0, errMalformedCondition
	}
	opts := GetOptions{OnlyIf: onlyIf}
	if header := r.Header.Get("Range"); header != "" {
		opts.Range = &Range{Header: header, strict: true, ifRange: r.Header.Get("If-Range")}
	}
	body, err := b.Get(r.Context(), key, opts)
	if errors.Is(err, ErrPreconditionFailed) {
		required := &Conditional{Matches: onlyIf.Matches, UploadedBefore: onlyIf.UploadedBefore, Seconds: true}
		if !required.holds(body.Object) {
			return 0, err
		}
		setObjectHeaders(w.Header(), body.Object)
		w.WriteHeader(http.StatusNotModified)
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer body.Content.Close()
	h, status := w.Header(), http.StatusOK
	setObjectHeaders(h, body.Object)
	h.Set("Content-Length", strconv.FormatInt(body.Span.Length, 10))
	if opts.Range != nil && ifRangeHolds(opts.Range.ifRange, body.Object) {
		status = http.StatusPartialContent
		h.Set("Content-Range", contentRange(body))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return 0, nil
	}
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

func httpETag(o *Object) string { return `"` + o.ETag + `"` }

// setObjectHeaders writes what R2 keeps of an object as HTTP headers.
func setObjectHeaders(h http.Header, o *Object) {
	for _, f := range [...]struct{ name, value string }{
		{"Content-Type", o.HTTP.ContentType}, {"Content-Language", o.HTTP.ContentLanguage},
		{"Content-Disposition", o.HTTP.ContentDisposition}, {"Content-Encoding", o.HTTP.ContentEncoding},
		{"Cache-Control", o.HTTP.CacheControl},
	} {
		if f.value != "" {
			h.Set(f.name, f.value)
		}
	}
	if o.HTTP.ContentType == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	if o.HTTP.CacheExpiry != nil {
		h.Set("Expires", time.UnixMilli(*o.HTTP.CacheExpiry).UTC().Format(http.TimeFormat))
	}
	h.Set("ETag", httpETag(o))
	h.Set("Last-Modified", o.Uploaded.Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
}
