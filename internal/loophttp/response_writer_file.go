package loophttp

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"flint/internal/rawhttp"
)

// copySize is how much is copied at a time, in bytes.
const copySize = 256 << 10

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copySize); return &b }}

// ReadFrom implements io.ReaderFrom: a file whose length is known, an
// *io.LimitedReader of an *os.File, goes out without passing through this
// process. Its end before the limit is io.ErrUnexpectedEOF.
func (w *reply) ReadFrom(src io.Reader) (n int64, err error) {
	w.WriteHeader(http.StatusOK)
	if l, ok := src.(*io.LimitedReader); ok && l.N > maxHeld && !w.now {
		if f, ok := l.R.(*os.File); ok && w.takes(l.N) {
			n, err = w.sendFile(f, l.N)
			l.N -= n
			if !errors.Is(err, errors.ErrUnsupported) {
				return n, err
			}
		}
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, *buf)
}

// takes reports whether the next n bytes of the body are within the length
// that was said, and go out as they are.
func (w *reply) takes(n int64) bool {
	return w.length >= 0 && w.written+n <= w.length && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status)
}

func (w *reply) sendFile(f *os.File, size int64) (int64, error) {
	turn := w.conn.srv.turns.take(w.r.Context()) // before the head: the peer prepares for a body then
	defer turn.over()
	if !w.begin() {
		return 0, http.ErrAbortHandler
	}
	n, err := w.conn.conn.SendFile(f, size)
	w.written += n
	w.failed = err != nil && !errors.Is(err, errors.ErrUnsupported)
	return n, err
}
