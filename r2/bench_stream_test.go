package r2

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"flint/internal/evloop"
	"flint/internal/intercept"
	"flint/internal/loophttp"
	"flint/r2/driver"
)

// BenchmarkStream compares one stream of large content with a plain file server
// of Go's on the same disk and the same kind of socket: over the bindings' unix
// socket, and from a public host over TCP.
func BenchmarkStream(b *testing.B) {
	for _, mib := range []int64{1, 256} {
		size := mib << 20
		for _, pair := range []struct {
			name string
			run  func(*testing.B, int64)
		}{
			{"binding-get/r2", func(b *testing.B, n int64) { streamGet(b, "unix", serveBindingStream(b, n), bindingGetHead, n) }},
			{"binding-get/file", func(b *testing.B, n int64) { streamGet(b, "unix", serveFileStream(b, "unix", n), plainGetHead, n) }},
			{"binding-put/r2", func(b *testing.B, n int64) { streamPut(b, "unix", serveBindingStream(b, 1), bindingPutHead(n), n) }},
			{"binding-put/file", func(b *testing.B, n int64) { streamPut(b, "unix", serveFileStream(b, "unix", 1), plainPutHead(n), n) }},
			{"public-get/r2", func(b *testing.B, n int64) { streamGet(b, "tcp", servePublicStream(b, n), plainGetHead, n) }},
			{"public-get/file", func(b *testing.B, n int64) { streamGet(b, "tcp", serveFileStream(b, "tcp", n), plainGetHead, n) }},
		} {
			b.Run(fmt.Sprintf("%s/%dMiB", pair.name, mib), func(b *testing.B) { pair.run(b, size) })
		}
	}
}

const (
	plainGetHead   = "GET /object HTTP/1.1\r\nHost: x\r\n\r\n"
	bindingGetHead = "GET / HTTP/1.1\r\nHost: x\r\n" + headerRequest + `: {"version":1,"method":"get","object":"object"}` + "\r\n\r\n"
)

func plainPutHead(n int64) string {
	return fmt.Sprintf("PUT /object HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", n)
}

func bindingPutHead(n int64) string {
	const frame = `{"version":1,"method":"put","object":"put"}`
	return fmt.Sprintf("PUT / HTTP/1.1\r\nHost: x\r\n%s: %d\r\nContent-Length: %d\r\n\r\n%s", headerMetadata, len(frame), int64(len(frame))+n, frame)
}

func serveBindingStream(b *testing.B, size int64) (address string) {
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
	return listenOn(b, "unix", srv.Serve, func() { srv.Close(); loop.Close() })
}

func servePublicStream(b *testing.B, size int64) (address string) {
	s, _ := newStore(b)
	NewBinding(s, &intercept.Chain{}, slog.New(slog.DiscardHandler)).ServeBinding(&nowhere{header: http.Header{}}, bindingPut("object", size), "media")
	public := NewPublic(s, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { public.ServeSite(w, r, Site{Bucket: "media"}) })}
	return listenOn(b, "tcp", srv.Serve, func() { srv.Close() })
}

// serveFileStream is the plain file server: ServeFile, and io.Copy into a new file.
func serveFileStream(b *testing.B, network string, size int64) (address string) {
	dir := b.TempDir()
	name := filepath.Join(dir, "object")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.ServeFile(w, r, name)
			return
		}
		f, err := os.CreateTemp(dir, "put")
		if err == nil {
			_, err = io.Copy(f, r.Body)
		}
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = os.Rename(f.Name(), filepath.Join(dir, "put"))
		}
		if err != nil {
			b.Error(err)
		}
	})}
	return listenOn(b, network, srv.Serve, func() { srv.Close() })
}

func listenOn(b *testing.B, network string, serve func(net.Listener) error, stop func()) (address string) {
	if network == "unix" {
		return listen(b, serve, stop)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	b.Cleanup(func() { stop(); <-done })
	return l.Addr().String()
}

func streamGet(b *testing.B, network, address, request string, size int64) {
	c := dialStream(b, network, address, size)
	buf := make([]byte, 256<<10)
	for b.Loop() {
		if err := exchange(c, request, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func streamPut(b *testing.B, network, address, head string, size int64) {
	c := dialStream(b, network, address, size)
	buf := make([]byte, 256<<10)
	answers := bufio.NewReader(c)
	for b.Loop() {
		if _, err := io.WriteString(c, head); err != nil {
			b.Fatal(err)
		}
		for left := size; left > 0; {
			n, err := c.Write(buf[:min(left, int64(len(buf)))])
			if err != nil {
				b.Fatal(err)
			}
			left -= int64(n)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

func dialStream(b *testing.B, network, address string, size int64) net.Conn {
	c, err := net.Dial(network, address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	b.SetBytes(size)
	return c
}

// BenchmarkMD5 is the hash that every put needs, by itself: one stream cannot be
// put faster.
func BenchmarkMD5(b *testing.B) {
	h, buf := driver.NewHasher(Checksums{}), make([]byte, driver.CopyBuffer)
	b.SetBytes(driver.CopyBuffer)
	for b.Loop() {
		h.Write(buf)
	}
}

// BenchmarkList1000 lists a page of 1,000 of 100,000 objects.
func BenchmarkList1000(b *testing.B) {
	bucket := fresh(b)
	for i := range 100_000 {
		put(b, bucket, "dir/"+strconv.Itoa(i), "x")
	}
	for _, c := range []struct {
		name string
		opts ListOptions
	}{
		{"first", ListOptions{}}, {"middle", ListOptions{StartAfter: "dir/5"}}, {"prefix", ListOptions{Prefix: "dir/77"}}, {"delimiter", ListOptions{Delimiter: "9"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if l, err := bucket.List(b.Context(), c.opts); err != nil || len(l.Objects)+len(l.Prefixes) < 1000 {
					b.Fatal(l, err)
				}
			}
		})
	}
}
