package s3api

import (
	"io"
	"net/http"
	"runtime"
	"testing"
)

// zeros is a body of n bytes that is nowhere in memory.
type zeros struct{ left int64 }

// Read implements io.Reader.
func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

// nowhere is a ResponseWriter that counts.
type nowhere struct {
	header http.Header
	status int
	n      int64
}

func (w *nowhere) Header() http.Header    { return w.header }
func (w *nowhere) WriteHeader(status int) { w.status = status }
func (w *nowhere) Write(p []byte) (int, error) {
	w.n += int64(len(p))
	return len(p), nil
}

// TestMemoryIsFlat counts every byte that is allocated while a large object
// passes. It is not parallel: what other tests allocate would count too.
func TestMemoryIsFlat(t *testing.T) {
	const size = 64 << 20
	f := newFrozen(t)
	want(t, f.do("PUT", "/media/small", "x"), 200, "") // what is made once is made now
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	put, _ := f.signed("PUT", "/media/big", "X-Amz-Content-Sha256", unsignedPayload)
	put.Body, put.ContentLength = io.NopCloser(&zeros{size}), size
	if res := f.send(put); res.StatusCode != 200 {
		t.Fatal(res.StatusCode)
	}
	get, _ := f.signed("GET", "/media/big", "X-Amz-Content-Sha256", emptyHash)
	w := &nowhere{header: http.Header{}}
	f.api.ServeHTTP(w, get)
	runtime.ReadMemStats(&after)
	if w.status != 200 || w.n != size {
		t.Errorf("%d, %d bytes", w.status, w.n)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d bytes were allocated for %d in and out", used, size)
	} else {
		t.Logf("%d KiB allocated for %d MiB in and out", used>>10, size>>20)
	}
}
