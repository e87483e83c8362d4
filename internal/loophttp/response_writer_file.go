package loophttp

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"

	"flint/internal/rawhttp"
)

// copySize is how many bytes are copied at a time.
const copySize = 256 << 10

var copyBufferPool = sync.Pool{New: func() any { b := make([]byte, copySize); return &b }}

// ReadFrom implements io.ReaderFrom. A file of known length, that is an
// *io.LimitedReader of an *os.File, is sent by sendfile(2) without copying it
// through this process. A file that is shorter fails with io.ErrUnexpectedEOF.
func (w *responseWriter) ReadFrom(src io.Reader) (n int64, err error) {
	w.WriteHeader(http.StatusOK)
	if l, ok := src.(*io.LimitedReader); ok && l.N > maxBuffered && !w.onLoop {
		if f, ok := l.R.(*os.File); ok && w.sendsRaw(l.N) {
			n, err = w.sendFile(f, l.N)
			l.N -= n
			if !errors.Is(err, errors.ErrUnsupported) {
				return n, err
			}
		}
	}
	buf := copyBufferPool.Get().(*[]byte)
	defer copyBufferPool.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, *buf)
}

// sendsRaw reports whether the next n bytes of the body are within the Content-Length
// and are sent without framing.
func (w *responseWriter) sendsRaw(n int64) bool {
	return w.length >= 0 && w.written+n <= w.length && w.r.Method != http.MethodHead && !rawhttp.Bodiless(w.status)
}

func (w *responseWriter) sendFile(f *os.File, size int64) (int64, error) {
	slot := w.conn.srv.fileSlots.acquire(w.r.Context()) // before the head, after which workerd allocates buffers for the body
	defer slot.release()
	if !w.sendHead() {
		return 0, http.ErrAbortHandler
	}
	n, err := w.conn.loopConn.SendFile(f, size)
	w.written += n
	w.failed = err != nil && !errors.Is(err, errors.ErrUnsupported)
	return n, err
}
