package loophttp

import (
	"net/http"
	"strconv"
	"sync"

	"flint/internal/rawhttp"
)

// maxHeld is how much of a body is kept back, in bytes, so that head and body
// go out in one piece and the length need not be said before.
const maxHeld = 64 << 10

// reply is the http.ResponseWriter of a request in the loop.
type reply struct {
	conn   *conn
	r      *http.Request
	header http.Header
	now    bool // this is the loop's goroutine, which must not wait

	status  int    // 0 until WriteHeader
	reason  string // "" is the standard one
	held    *[]byte
	begun   bool // the head has been sent
	chunked bool
	length  int64 // that the handler said; -1 when it did not
	written int64
	failed  bool
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Header implements http.ResponseWriter.
func (w *reply) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *reply) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status = status
	if v := w.header.Get("Content-Length"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			w.length = n
		}
	}
	w.held = buffers.Get().(*[]byte)
}

// WriteStatus implements rawhttp.StatusWriter.
func (w *reply) WriteStatus(status int, reason string, header http.Header, body []byte) error {
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
func (w *reply) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.r.Method == http.MethodHead || rawhttp.Bodiless(w.status) {
		return len(p), nil
	}
	if w.length >= 0 && w.written+int64(len(p)) > w.length {
		return 0, http.ErrContentLength
	}
	w.written += int64(len(p))
	if !w.begun && len(*w.held)+len(p) <= maxHeld {
		*w.held = append(*w.held, p...)
		return len(p), nil
	}
	if !w.begin() {
		return 0, http.ErrAbortHandler
	}
	return len(p), w.send(p)
}

// Flush implements http.Flusher.
func (w *reply) Flush() {
	w.WriteHeader(http.StatusOK)
	w.begin()
}

// begin sends the head and what was held back; the rest follows as it comes.
func (w *reply) begin() bool {
	if w.begun {
		return !w.failed
	}
	w.begun = true
	w.chunked = w.length < 0 && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status)
	out := w.head(buffers.Get().(*[]byte), w.length)
	if !w.chunked {
		*out = append(*out, *w.held...)
	}
	w.put(*out)
	release(out)
	if w.chunked {
		_ = w.send(*w.held)
	}
	return !w.failed
}

// send sends a part of the body.
func (w *reply) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if w.chunked {
		w.put(append(strconv.AppendInt(nil, int64(len(p)), 16), "\r\n"...))
	}
	w.put(p)
	if w.chunked {
		w.put([]byte("\r\n"))
	}
	if w.failed {
		return http.ErrAbortHandler
	}
	return nil
}

func (w *reply) put(p []byte) {
	if w.failed {
		return
	}
	write := w.conn.conn.WriteWait
	if w.now {
		write = w.conn.conn.Write
	}
	_, err := write(p)
	w.failed = err != nil
}

// finish ends the answer. False says that the connection cannot be used again.
func (w *reply) finish() bool {
	w.WriteHeader(http.StatusOK)
	defer release(w.held)
	if !w.begun {
		return w.whole()
	}
	if w.failed || w.length >= 0 && w.written != w.length && w.r.Method != http.MethodHead {
		return false
	}
	if w.chunked {
		w.put([]byte("0\r\n\r\n"))
	}
	return !w.failed
}

// whole sends a short answer in one piece.
func (w *reply) whole() bool {
	if w.length >= 0 && w.written != w.length && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status) {
		return false
	}
	length := int64(len(*w.held))
	if w.r.Method == http.MethodHead {
		length = w.length
	}
	out := w.head(buffers.Get().(*[]byte), length)
	defer release(out)
	*out = append(*out, *w.held...)
	w.put(*out)
	return !w.failed
}

// release gives a buffer back.
func release(b *[]byte) {
	if b != nil && cap(*b) <= 2*maxHeld {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// head appends the head of the answer to out; length is the body's, -1 when it
// goes in chunks.
func (w *reply) head(out *[]byte, length int64) *[]byte {
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

// appendValue keeps a header's value from ending its line.
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
