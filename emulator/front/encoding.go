package front

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"flint/internal/rawhttp"
)

// coding is what the edge does with the body of a response between a Worker
// and a client. https://developers.cloudflare.com/speed/optimization/content/compression/
type coding int

const (
	asIs       coding = iota
	compress          // text for a client that takes gzip
	decompress        // gzip for a client that takes none
)

const (
	// minCompressed is the smallest body, in bytes, that is worth compressing.
	minCompressed = 48
	// maxCodedHere is the largest body, in bytes, that the event loop
	// compresses itself: some 100 µs of work.
	maxCodedHere = 16 << 10
)

// codingFor decides for a response; get reads its headers.
func codingFor(accept string, status int, length int64, get func(name string) string) coding {
	if status != http.StatusOK && status < 300 || status == http.StatusNotModified || get("Content-Range") != "" {
		return asIs
	}
	gzipped := acceptsGzip(accept)
	switch get("Content-Encoding") {
	case "":
		if gzipped && (length < 0 || length >= minCompressed) && compressible(get("Content-Type")) &&
			!strings.Contains(get("Cache-Control"), "no-transform") {
			return compress
		}
	case "gzip":
		if !gzipped && length != 0 {
			return decompress
		}
	}
	return asIs
}

func acceptsGzip(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(item), ";")
		if name == "gzip" || name == "*" {
			weight, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(q), "q="), 64)
			return err != nil || weight > 0
		}
	}
	return false
}

// compressible are the media types that the edge compresses, beside text/*.
func compressible(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	switch mediaType {
	case "application/javascript", "application/x-javascript", "application/json", "application/manifest+json", "application/xml",
		"application/xhtml+xml", "application/rss+xml", "application/atom+xml", "application/wasm", "application/graphql",
		"application/graphql+json", "application/ld+json", "application/vnd.api+json", "application/x-web-app-manifest+json",
		"image/svg+xml", "image/x-icon", "image/vnd.microsoft.icon", "image/bmp", "font/ttf", "font/otf", "application/vnd.ms-fontobject":
		return true
	case "text/event-stream":
		return false // an event must not wait for a compressor
	}
	return strings.HasPrefix(mediaType, "text/")
}

// adjust turns the headers of a response into those of its coded form.
func (c coding) adjust(h http.Header) {
	if c == asIs {
		return
	}
	h.Del("Content-Length")
	if etag := h.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		h.Set("ETag", "W/"+etag) // other bytes, the same meaning
	}
	if c == compress {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
	} else {
		h.Del("Content-Encoding")
	}
}

// appendCompressed appends a response with its body compressed: the head of res
// as adjust makes it, and the body as one chunk.
func (s *Server) appendCompressed(b []byte, res *rawhttp.Head, keep bool, body []byte) []byte {
	kept := res.Fields[:0]
	for _, f := range res.Fields {
		switch {
		case rawhttp.Is(f.Name, "Content-Length"):
			continue
		case rawhttp.Is(f.Name, "ETag") && !bytes.HasPrefix(f.Value, []byte("W/")):
			f.Value = append([]byte("W/"), f.Value...)
		}
		kept = append(kept, f)
	}
	res.Fields = append(kept, compressedFields...)
	b = s.appendResponseHead(b, res, keep)
	var coded bytes.Buffer
	zw := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(zw)
	zw.Reset(&coded)
	_, _ = zw.Write(body) // a buffer takes all
	_ = zw.Close()
	b = append(strconv.AppendInt(b, int64(coded.Len()), 16), crlf...)
	b = append(b, coded.Bytes()...)
	return append(b, "\r\n0\r\n\r\n"...)
}

var compressedFields = []rawhttp.Field{
	{Name: []byte("Content-Encoding"), Value: []byte("gzip")},
	{Name: []byte("Vary"), Value: []byte("Accept-Encoding")},
	{Name: []byte("Transfer-Encoding"), Value: []byte("chunked")},
}

var gzipWriters = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}

// copy passes body to dst in its coded form, flushing after every read so that
// a stream stays one. errClient says that dst failed.
func (c coding) copy(dst io.Writer, flush func() error, body io.Reader) error {
	if c == decompress {
		zr, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		return copyBody(dst, flush, zr)
	}
	if c == asIs {
		return copyBody(dst, flush, body)
	}
	zw := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(zw)
	zw.Reset(dst)
	err := copyBody(zw, func() error {
		if zw.Flush() != nil {
			return errClient
		}
		return flush()
	}, body)
	if err != nil {
		return err
	}
	if zw.Close() != nil {
		return errClient
	}
	return flush()
}

func copyBody(dst io.Writer, flush func() error, body io.Reader) error {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for {
		n, err := body.Read(*buf)
		if n > 0 {
			if _, werr := dst.Write((*buf)[:n]); werr != nil {
				return errClient
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			if ferr := flush(); ferr != nil {
				return ferr
			}
		}
	}
}

// headGetter reads the headers of a head that was parsed by the short way.
func headGetter(h *rawhttp.Head) func(string) string {
	return func(name string) string { return string(bytes.ToLower(h.Get(name))) }
}
