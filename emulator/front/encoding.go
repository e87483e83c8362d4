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

// contentCoding is how the edge changes the coding of a response's body between a
// Worker and a client.
// https://developers.cloudflare.com/speed/optimization/content/compression/
type contentCoding int

const (
	identity   contentCoding = iota
	gzipEncode               // text for a client that accepts gzip
	gzipDecode               // gzip for a client that does not accept it
)

const (
	// minCompressedBytes is the smallest body that is worth compressing.
	minCompressedBytes = 48
	// maxLoopCompressed is the largest body, in bytes, that the event loop
	// compresses itself, which takes some 100 µs. Larger ones would hold up all
	// other connections.
	maxLoopCompressed = 16 << 10
)

// chooseCoding decides how the body of a response is coded for a client that sent
// Accept-Encoding accept. length is -1 when unknown; get returns a response header.
func chooseCoding(accept string, status int, length int64, get func(name string) string) contentCoding {
	if status != http.StatusOK && status < 300 || status == http.StatusNotModified || get("Content-Range") != "" {
		return identity
	}
	gzipAccepted := acceptsGzip(accept)
	switch get("Content-Encoding") {
	case "":
		if gzipAccepted && (length < 0 || length >= minCompressedBytes) && compressible(get("Content-Type")) &&
			!strings.Contains(get("Cache-Control"), "no-transform") {
			return gzipEncode
		}
	case "gzip":
		if !gzipAccepted && length != 0 {
			return gzipDecode
		}
	}
	return identity
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

// compressible reports whether the edge compresses a media type.
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
		return false // a compressor would hold events back
	}
	return strings.HasPrefix(mediaType, "text/")
}

// adjustHeader changes the headers of a response to those of its coded form.
func (c contentCoding) adjustHeader(h http.Header) {
	if c == identity {
		return
	}
	h.Del("Content-Length")
	if etag := h.Get("ETag"); etag != "" && !strings.HasPrefix(etag, "W/") {
		h.Set("ETag", "W/"+etag) // other bytes, the same content
	}
	if c == gzipEncode {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
	} else {
		h.Del("Content-Encoding")
	}
}

// appendCompressed appends a response whose body is compressed: the head of res as
// adjustHeader would make it, and body as one gzip-coded chunk. It changes res.
func (s *Server) appendCompressed(b []byte, res *rawhttp.Head, keepAlive bool, body []byte) []byte {
	fields := res.Fields[:0]
	for _, f := range res.Fields {
		switch {
		case rawhttp.Is(f.Name, "Content-Length"):
			continue
		case rawhttp.Is(f.Name, "ETag") && !bytes.HasPrefix(f.Value, []byte("W/")):
			f.Value = append([]byte("W/"), f.Value...)
		}
		fields = append(fields, f)
	}
	res.Fields = append(fields, compressedFields...)
	b = s.appendResponseHead(b, res, keepAlive)
	var coded bytes.Buffer
	zw := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(zw)
	zw.Reset(&coded)
	_, _ = zw.Write(body) // a bytes.Buffer never fails
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

// copy writes body to dst in its coded form. It flushes after every read, so that a
// stream arrives as it is sent. errClient means that dst failed.
func (c contentCoding) copy(dst io.Writer, flush func() error, body io.Reader) error {
	if c == gzipDecode {
		zr, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		return copyBody(dst, flush, zr)
	}
	if c == identity {
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
			if _, writeErr := dst.Write((*buf)[:n]); writeErr != nil {
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
			if flushErr := flush(); flushErr != nil {
				return flushErr
			}
		}
	}
}

// headerGetter returns a getter of lower-case header values for chooseCoding.
func headerGetter(h *rawhttp.Head) func(string) string {
	return func(name string) string { return string(bytes.ToLower(h.Get(name))) }
}
