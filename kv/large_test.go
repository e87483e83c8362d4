package kv

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"flint/internal/clock"
	"flint/internal/intercept"
)

// endless gives bytes without keeping any.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

// sink is a response of which nothing is kept.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

// largeBinding calls the binding without a socket, whose buffers would count.
func largeBinding(tb testing.TB) func(method, key string, size int64, body io.Reader) *sink {
	store := openAt(tb, tb.TempDir(), clock.NewFrozen(epoch))
	b := NewBinding(store, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	return func(method, key string, size int64, body io.Reader) *sink {
		r := httptest.NewRequest(method, keyPath(key), body)
		r.ContentLength = size
		w := &sink{header: http.Header{}}
		b.ServeBinding(w, r, "ns")
		return w
	}
}

func largeBody() io.Reader { return io.LimitReader(endless{}, MaxValueBytes) }

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A value of 25 MiB takes its own memory once when it is put, and none when it
// is read. It is not parallel: it counts what the process allocates.
func TestLargeValueIsBufferedOnce(t *testing.T) {
	call := largeBinding(t)
	call("PUT", "large", 0, nil) // opens the namespace
	const slack = 1 << 20
	if got := allocated(func() { call("PUT", "large", MaxValueBytes, largeBody()) }); got > MaxValueBytes+slack {
		t.Errorf("a put of %d bytes allocates %d", MaxValueBytes, got)
	}
	var w *sink
	if got := allocated(func() { w = call("GET", "large", 0, nil) }); got > slack || w.bytes != MaxValueBytes {
		t.Errorf("a get of %d bytes allocates %d and writes %d", MaxValueBytes, got, w.bytes)
	}
	// A stream without a length doubles its memory until it holds all. It has a key
	// of its own: to replace the other value would start a compaction, which counts.
	if got := allocated(func() { call("PUT", "stream", -1, largeBody()) }); got > 5*MaxValueBytes/2+slack {
		t.Errorf("a put of a stream of %d bytes allocates %d", MaxValueBytes, got)
	}
	if w = call("GET", "stream", 0, nil); w.bytes != MaxValueBytes {
		t.Errorf("a get after a stream writes %d", w.bytes)
	}
}

// BenchmarkLarge puts and gets 25 MiB through the binding; B/op is what it says.
func BenchmarkLarge(b *testing.B) {
	call := largeBinding(b)
	for _, c := range []struct {
		name, method string
		size         int64
	}{{"put", "PUT", MaxValueBytes}, {"stream", "PUT", -1}, {"get", "GET", 0}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(MaxValueBytes)
			b.ReportAllocs()
			for b.Loop() {
				call(c.method, "large", c.size, largeBody())
			}
		})
	}
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, minReadBuffer - 1, minReadBuffer, minReadBuffer + 1, 100_000} {
		want := bytes.Repeat([]byte("x"), size)
		for _, most := range []int{size, size + 1, 1 << 20} {
			got, err := readAll([]byte("head"), io.MultiReader(bytes.NewReader(want), bytes.NewReader([]byte("rest"))), most)
			if err != nil {
				t.Fatal(err)
			}
			all := append([]byte("head"), append(want, "rest"...)...)
			if all = all[:min(len(all), 4+most)]; !bytes.Equal(got, all) || cap(got) > len(got)+len(got)/4+16 { // the room is rounded to the allocator's sizes
				t.Errorf("%d bytes, at most %d: got %d with room for %d", size, most, len(got), cap(got))
			}
		}
	}
	if _, err := readAll(nil, io.MultiReader(bytes.NewReader([]byte("x")), iotest{}), 100); err == nil {
		t.Error("a body that broke was taken")
	}
}

type iotest struct{}

func (iotest) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
