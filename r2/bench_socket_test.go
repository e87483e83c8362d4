package r2

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"flint/internal/evloop"
	"flint/internal/intercept"
	"flint/internal/loophttp"
)

const benchConnections = 16

// BenchmarkSocketGet compares a get with a plain file server of Go's, both on a
// unix socket and read by a client that does nothing with the bytes.
func BenchmarkSocketGet(b *testing.B) {
	for _, kib := range []int64{1, 100, 1024} {
		b.Run(fmt.Sprintf("%dKiB/r2", kib), func(b *testing.B) { benchSocket(b, serveOnLoop(b, kib<<10)) })
		b.Run(fmt.Sprintf("%dKiB/file", kib), func(b *testing.B) { benchSocket(b, serveFile(b, kib<<10)) })
	}
}

// serveOnLoop serves an object as flint does.
func serveOnLoop(b *testing.B, size int64) (path string) {
	loop, err := evloop.New()
	if err != nil {
		b.Skip(err)
	}
	s, _ := newStore(b)
	binding := NewBinding(s, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	binding.ServeBinding(&nowhere{header: http.Header{}}, bindingPut("object", size), "media")
	srv := &loophttp.Server{
		HTTP: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { binding.ServeBinding(w, r, "media") })},
		Loop: loop, Log: slog.New(slog.DiscardHandler), ReadOnLoop: func(*http.Request) bool { return true },
	}
	return listen(b, srv.Serve, func() { srv.Close(); loop.Close() })
}

func serveFile(b *testing.B, size int64) (path string) {
	name := filepath.Join(b.TempDir(), "object")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })}
	return listen(b, srv.Serve, func() { srv.Close() })
}

func listen(b *testing.B, serve func(net.Listener) error, stop func()) (path string) {
	path = filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	b.Cleanup(func() { stop(); <-done })
	return path
}

func benchSocket(b *testing.B, path string) {
	request := "GET / HTTP/1.1\r\nHost: x\r\n" + headerRequest + `: {"version":1,"method":"get","object":"object"}` + "\r\n\r\n"
	calls := make(chan struct{}, benchConnections)
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	var clients sync.WaitGroup
	for range benchConnections {
		clients.Go(func() {
			c, err := net.Dial("unix", path)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			buf := make([]byte, 64<<10)
			for range calls {
				if err := exchange(c, request, buf); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		calls <- struct{}{}
	}
	close(calls)
	clients.Wait()
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// exchange reads a whole answer and throws it away.
func exchange(c net.Conn, request string, buf []byte) error {
	if _, err := io.WriteString(c, request); err != nil {
		return err
	}
	n := 0
	end := -1
	for end < 0 {
		m, err := c.Read(buf[n:])
		if err != nil {
			return err
		}
		n += m
		end = bytes.Index(buf[:n], []byte("\r\n\r\n"))
	}
	var left int
	_, value, _ := bytes.Cut(buf[:end], []byte("Content-Length: "))
	if _, err := fmt.Sscan(string(value), &left); err != nil || !bytes.HasPrefix(buf, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("%.100q", buf[:end])
	}
	for left -= n - end - 4; left > 0; {
		m, err := c.Read(buf[:min(left, len(buf))])
		if err != nil {
			return err
		}
		left -= m
	}
	return nil
}
