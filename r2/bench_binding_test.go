package r2

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"flint/internal/intercept"
)

// nowhere is a ResponseWriter that throws away what it is given.
type nowhere struct {
	header http.Header
	status int
	sent   int64
}

func (w *nowhere) Header() http.Header    { return w.header }
func (w *nowhere) WriteHeader(status int) { w.status = status }
func (w *nowhere) Write(p []byte) (int, error) {
	w.sent += int64(len(p))
	return len(p), nil
}

// benchBinding measures a call as the binding's server gives it to the
// handler, without the connection. request tells the calls by their number.
func benchBinding(b *testing.B, size int64, request func(i int64) *http.Request) {
	s, _ := newStore(b)
	binding := NewBinding(s, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	serve := func(r *http.Request) *nowhere {
		w := &nowhere{header: http.Header{}}
		binding.ServeBinding(w, r, "media")
		if w.header.Get(headerError) != "" {
			b.Error(w.header)
		}
		return w
	}
	serve(bindingPut("object", size))
	var calls atomic.Int64
	b.SetBytes(size)
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	defer func() { b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op") }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			serve(request(calls.Add(1)))
		}
	})
}

// processorTime is what the process has used, in nanoseconds. Other work on the
// machine moves it less than the time by the clock.
func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func bindingPut(key string, size int64) *http.Request {
	return bindingFrame(fmt.Sprintf(`{"version":1,"method":"put","object":%q,"customFields":[],"httpFields":{"contentType":"text/plain"}}`, key), size)
}

func bindingFrame(frame string, size int64) *http.Request {
	body := io.MultiReader(bytes.NewReader([]byte(frame)), io.LimitReader(zeros{}, size))
	return &http.Request{
		Method: http.MethodPut, Header: http.Header{headerMetadata: {strconv.Itoa(len(frame))}},
		Body: io.NopCloser(body), ContentLength: int64(len(frame)) + size,
	}
}

func bindingGet(key string) *http.Request {
	return &http.Request{
		Method: http.MethodGet, Body: http.NoBody,
		Header: http.Header{headerRequest: {fmt.Sprintf(`{"version":1,"method":"get","object":%q}`, key)}},
	}
}

// zeros is content without end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func BenchmarkBindingPut(b *testing.B) {
	for _, kib := range []int64{1, 1024} {
		b.Run(fmt.Sprintf("%dKiB", kib), func(b *testing.B) {
			benchBinding(b, kib<<10, func(i int64) *http.Request { return bindingPut(fmt.Sprintf("key-%d", i%1000), kib<<10) })
		})
	}
}

func BenchmarkBindingGet(b *testing.B) {
	for _, kib := range []int64{1, 1024} {
		b.Run(fmt.Sprintf("%dKiB", kib), func(b *testing.B) {
			benchBinding(b, kib<<10, func(int64) *http.Request { return bindingGet("object") })
		})
	}
}
