package loophttp

import (
	"net/http"
	"strconv"
	"sync"

	"flint/internal/rawhttp"
)

// maxBuffered is how many bytes of a body are buffered. A response up to that size is
// sent in one piece, with a Content-Length that the handler need not set.
const maxBuffered = 64 << 10

// responseWriter is the http.ResponseWriter of a request that was read on the loop.
type responseWriter struct {
	conn   *conn
	r      *http.Request
	header http.Header
	onLoop bool // the handler runs on the loop's goroutine and must not block

	status   int    // 0 until WriteHeader
	reason   string // reason phrase; "" is the standard one
	buffered *[]byte
	headSent bool
	chunked  bool
	length   int64 // Content-Length of the handler; -1 when it set none
	written  int64
	failed   bool
}

var bufferPool = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Header implements http.ResponseWriter.
func (w *responseWriter) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *responseWriter) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	if v := w.header.Get("Content-Length"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			w.length = n
		}
	}
	w.buffered = bufferPool.Get().(*[]byte)
}

// WriteStatus implements rawhttp.StatusWriter.
func (w *responseWriter) WriteStatus(status int, reason string, header http.Header, body []byte) error {
	w.header, w.reason = header.Clone(), reason
	if w.header == nil {
		w.header = http.Header{}
	}
	w.header.Del("Content-Length")
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// Write implements http.ResponseWriter.
func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.r.Method == http.MethodHead || rawhttp.Bodiless(w.status) {
		return len(p), nil
	}
	if w.length >= 0 && w.written+int64(len(p)) > w.length {
		return 0, http.ErrContentLength
	}
	w.written += int64(len(p))
	if !w.headSent && len(*w.buffered)+len(p) <= maxBuffered {
		*w.buffered = append(*w.buffered, p...)
		return len(p), nil
	}
	if !w.sendHead() {
		return 0, http.ErrAbortHandler
	}
	return len(p), w.sendBody(p)
}

// Flush implements http.Flusher.
func (w *responseWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	w.sendHead()
}

// sendHead sends the head and the buffered part of the body. What follows is sent as
// it is written. False says that the connection has failed.
func (w *responseWriter) sendHead() bool {
	if w.headSent {
		return !w.failed
	}
	w.headSent = true
	w.chunked = w.length < 0 && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status)
	out := w.appendHead(bufferPool.Get().(*[]byte), w.length)
	if !w.chunked {
		*out = append(*out, *w.buffered...)
	}
	w.write(*out)
	releaseBuffer(out)
	if w.chunked {
		_ = w.sendBody(*w.buffered)
	}
	return !w.failed
}

// sendBody sends a part of the body.
func (w *responseWriter) sendBody(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if w.chunked {
		w.write(append(strconv.AppendInt(nil, int64(len(p)), 16), "\r\n"...))
	}
	w.write(p)
	if w.chunked {
		w.write([]byte("\r\n"))
	}
	if w.failed {
		return http.ErrAbortHandler
	}
	return nil
}

func (w *responseWriter) write(p []byte) {
	if w.failed {
		return
	}
	send := w.conn.loopConn.WriteWait
	if w.onLoop {
		send = w.conn.loopConn.Write
	}
	_, err := send(p)
	w.failed = err != nil
}

// finish ends the response. False says that the connection cannot be reused.
func (w *responseWriter) finish() bool {
	w.WriteHeader(http.StatusOK)
	defer releaseBuffer(w.buffered)
	if !w.headSent {
		return w.sendBuffered()
	}
	if w.failed || w.length >= 0 && w.written != w.length && w.r.Method != http.MethodHead {
		return false
	}
	if w.chunked {
		w.write([]byte("0\r\n\r\n"))
	}
	return !w.failed
}

// sendBuffered sends a response that is buffered whole in one piece.
func (w *responseWriter) sendBuffered() bool {
	if w.length >= 0 && w.written != w.length && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status) {
		return false
	}
	length := int64(len(*w.buffered))
	if w.r.Method == http.MethodHead {
		length = w.length
	}
	out := w.appendHead(bufferPool.Get().(*[]byte), length)
	defer releaseBuffer(out)
	*out = append(*out, *w.buffered...)
	w.write(*out)
	return !w.failed
}

// releaseBuffer returns a buffer to the pool.
func releaseBuffer(b *[]byte) {
	if b != nil && cap(*b) <= 2*maxBuffered {
		*b = (*b)[:0]
		bufferPool.Put(b)
	}
}

// appendHead appends the head of the response to out. length is the body's; -1 when it
// is sent in chunks.
func (w *responseWriter) appendHead(out *[]byte, length int64) *[]byte {
	b := append(*out, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, ' ')
	b = append(b, rawhttp.Reason(w.status, w.reason)...)
	b = append(b, "\r\n"...)
	for name, values := range w.header {
		if name == "Content-Length" || name == "Connection" || name == "Transfer-Encoding" {
			continue
		}
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = appendValue(b, v)
			b = append(b, "\r\n"...)
		}
	}
	switch {
	case rawhttp.Bodiless(w.status):
	case w.chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, length, 10), "\r\n"...)
	}
	*out = append(b, "\r\n"...)
	return out
}

// appendValue appends a header's value with line breaks replaced, so that it cannot
// begin another header.
func appendValue(b []byte, v string) []byte {
	for i := range len(v) {
		c := v[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}
