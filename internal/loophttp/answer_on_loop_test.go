//go:build linux

package loophttp

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// serveOnLoop runs a Server that answers requests whose path begins with /now on the
// loop, by handler, and others by testHandler.
func serveOnLoop(t *testing.T, log io.Writer, handler http.HandlerFunc) dialFunc {
	t.Helper()
	_, dial := startServer(t, &Server{
		HTTP: &http.Server{Handler: http.HandlerFunc(testHandler)}, Log: slog.New(slog.NewTextHandler(log, nil)),
		AnswerOnLoop: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/now") {
				return false
			}
			handler(w, r)
			return true
		},
	})
	return dial
}

// logLines is a writer that collects log lines.
type logLines chan string

func (l logLines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestAnswersOnTheLoopAndOnGoroutines(t *testing.T) {
	t.Parallel()
	dial := serveOnLoop(t, io.Discard, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Now", r.Header.Get("X-Ask"))
		fmt.Fprintf(w, "at once %s %s", r.URL.RawQuery, body)
	})
	c, r := dial()
	for i := range 3 { // a connection reuses the memory of its request and response
		fmt.Fprintf(c, "PUT /now?%d HTTP/1.1\r\nHost: x\r\nX-Ask: %d\r\nContent-Length: 1\r\n\r\n%d", i, i, i)
		if res, body := readResponse(t, r, "PUT"); body != fmt.Sprintf("at once %d %d", i, i) || res.Header.Get("X-Now") != fmt.Sprint(i) {
			t.Errorf("answer %d: %v %q", i, res.Header, body)
		}
		fmt.Fprintf(c, "PUT /echo?%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n%d", i, i)
		if res, body := readResponse(t, r, "PUT"); body != fmt.Sprintf("%d %d", i, i) || res.Header["X-Now"] != nil {
			t.Errorf("answer %d of the handler: %v %q", i, res.Header, body)
		}
	}
}

// A request that the loop does not answer runs on a goroutine: while it blocks, the
// loop answers others.
func TestLoopAnswersWhileAGoroutineWaits(t *testing.T) {
	t.Parallel()
	began, release := make(chan bool), make(chan bool)
	handler := func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		io.WriteString(w, "waited")
	}
	_, dial := startServer(t, &Server{HTTP: &http.Server{Handler: http.HandlerFunc(handler)}, AnswerOnLoop: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/now" {
			io.WriteString(w, "at once")
			return true
		}
		return false
	}})
	slow, slowAnswer := dial()
	io.WriteString(slow, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	c, r := dial()
	for range 100 {
		io.WriteString(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, body := readResponse(t, r, "GET"); body != "at once" {
			t.Fatalf("body %q", body)
		}
	}
	close(release)
	if _, body := readResponse(t, slowAnswer, "GET"); body != "waited" {
		t.Errorf("body %q", body)
	}
}

func TestPanicOnTheLoop(t *testing.T) {
	t.Parallel()
	logged := make(logLines, 10)
	dial := serveOnLoop(t, logged, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/now/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("no")
	})
	other, answer := dial()
	for _, path := range []string{"/now", "/now/abort"} {
		c, r := dial()
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err == nil {
			t.Errorf("%s: an answer after a panic", path)
		}
	}
	io.WriteString(other, "GET /echo?still HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, body := readResponse(t, answer, "GET"); body != "still " {
		t.Errorf("body %q after panics", body)
	}
	if text := <-logged; len(logged) != 0 || !strings.Contains(text, "a handler failed") || !strings.Contains(text, "panic=no") {
		t.Errorf("logged %q and %d more", text, len(logged))
	}
}

// A long response to a peer that does not read does not block other connections. The
// peer's next request is answered on a goroutine, which blocks, so that the memory for
// unread responses is bounded.
func TestPeerThatDoesNotReadIsAnsweredOnAGoroutine(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	var onLoop atomic.Int32
	dial := serveOnLoop(t, io.Discard, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/now/long" {
			onLoop.Add(1)
			_, _ = w.Write(make([]byte, size))
		}
	})
	stuck, answer := dial()
	for range 2 {
		io.WriteString(stuck, "GET /now/long HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	c, r := dial()
	for range 100 {
		io.WriteString(c, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n")
		if res, _ := readResponse(t, r, "GET"); res.StatusCode != http.StatusOK {
			t.Fatalf("status %s", res.Status)
		}
	}
	if _, body := readResponse(t, answer, "GET"); len(body) != size {
		t.Errorf("%d bytes of %d", len(body), size)
	}
	if res, _ := readResponse(t, answer, "GET"); res.StatusCode != http.StatusNotFound { // testHandler has no such path
		t.Errorf("status %s", res.Status)
	}
	if n := onLoop.Load(); n != 1 {
		t.Errorf("%d answers at once to a peer that does not read", n)
	}
}

func TestManyClientsOnLoopAndGoroutines(t *testing.T) {
	t.Parallel()
	dial := serveOnLoop(t, io.Discard, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.RawQuery+" ") })
	var all sync.WaitGroup
	for i := range 32 {
		c, r := dial()
		all.Go(func() {
			for n := range 50 {
				path := []string{"now", "echo"}[(i+n)%2]
				fmt.Fprintf(c, "GET /%s?%d-%d HTTP/1.1\r\nHost: x\r\n\r\n", path, i, n)
				if _, body := readResponse(t, r, "GET"); body != fmt.Sprintf("%d-%d ", i, n) {
					t.Errorf("client %d: %q", i, body)
					return
				}
			}
		})
	}
	all.Wait()
}
