//go:build linux

package loophttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/evloop"
	"flint/internal/rawhttp"
	"flint/internal/testkit"
)

// dialFunc opens a connection to a Server.
type dialFunc = func() (net.Conn, *bufio.Reader)

// serve runs a Server with handler. Requests with the header X-Odd go to net/http.
func serve(t *testing.T, handler http.HandlerFunc) (*Server, dialFunc) {
	t.Helper()
	return startServer(t, &Server{HTTP: &http.Server{Handler: handler}, Log: slog.New(slog.DiscardHandler)})
}

// startServer runs s, whose Handler and Log are set.
func startServer(t *testing.T, s *Server) (*Server, dialFunc) {
	t.Helper()
	loop, err := evloop.New()
	if err != nil {
		t.Fatal(err)
	}
	s.Loop = loop
	s.ReadOnLoop = func(r *http.Request) bool { return r.Header.Get("X-Odd") == "" }
	t.Cleanup(loop.Close) // after the Server
	path := testkit.Listen(t, "unix", s.Serve, func() { s.Close() })
	return s, func() (net.Conn, *bufio.Reader) {
		t.Helper()
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		t.Cleanup(func() { c.Close() })
		return c, bufio.NewReader(c)
	}
}

func readResponse(t *testing.T, r *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func testHandler(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/echo":
		w.Header().Set("X-Method", r.Method)
		fmt.Fprintf(w, "%s %s", r.URL.RawQuery, body)
	case "/big":
		for range 10 {
			_, _ = w.Write(bytes.Repeat([]byte("b"), 100_000))
		}
	case "/big-known":
		w.Header().Set("Content-Length", "300000")
		_, _ = w.Write(bytes.Repeat([]byte("k"), 300_000))
	case "/flushed":
		io.WriteString(w, "one ")
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
	case "/reason":
		_ = rawhttp.WriteStatus(w, r, 429, "Slow\r\ndown", http.Header{"X-A": {"b"}}, []byte("wait"))
	case "/none":
		w.WriteHeader(http.StatusNoContent)
	case "/short":
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "few")
	case "/panic":
		panic("no")
	default:
		http.NotFound(w, r)
	}
}

func TestAnswersOnOneConnection(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	c, r := dial()
	for _, step := range []struct {
		request, method string
		status          int
		body            string
	}{
		{"GET /echo?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, "a=b "},
		{"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "PUT", 200, " hello"},
		{"HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD", 200, ""},
		{"GET /big HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, strings.Repeat("b", 1_000_000)},
		{"GET /big-known HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, strings.Repeat("k", 300_000)},
		{"GET /flushed HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, "one two"},
		{"GET /reason HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 429, "wait"},
		{"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 204, ""},
		{"GET /gone HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 404, "404 page not found\n"},
		// The body is larger than the loop reads: net/http has the connection from here on.
		{"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("z", 100_000), "PUT", 200, " " + strings.Repeat("z", 100_000)},
		{"GET /echo?still HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, "still "},
	} {
		io.WriteString(c, step.request)
		res, body := readResponse(t, r, step.method)
		if res.StatusCode != step.status || body != step.body {
			t.Errorf("%.30q: %d %.40q, want %d %.40q", step.request, res.StatusCode, body, step.status, step.body)
		}
		if step.status == 429 && (res.Status != "429 Slow  down" || res.Header.Get("X-A") != "b") {
			t.Errorf("status %q, header %q", res.Status, res.Header)
		}
	}
}

func TestRequestsInPieces(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	c, r := dial()
	for _, b := range []byte("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc") {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if _, body := readResponse(t, r, "PUT"); body != " abc" {
		t.Errorf("body %q", body)
	}
}

func TestPipelined(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	c, r := dial()
	const n = 100
	go func() {
		for i := range n {
			fmt.Fprintf(c, "PUT /echo?%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n%s", i, strings.Repeat("p", 2000))
		}
	}()
	for i := range n {
		if _, body := readResponse(t, r, "PUT"); !strings.HasPrefix(body, fmt.Sprint(i, " ppp")) {
			t.Fatalf("answer %d: %.20q", i, body)
		}
	}
}

func TestOtherRequestsGoToHTTP(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	for _, request := range []string{
		"GET /echo HTTP/1.1\r\nHost: x\r\nX-Odd: yes\r\n\r\n",
		"GET /echo HTTP/1.0\r\nHost: x\r\n\r\n",
		"PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		c, r := dial()
		io.WriteString(c, request)
		if res, body := readResponse(t, r, "GET"); res.StatusCode != 200 || body != " " {
			t.Errorf("%q: %s %q", request, res.Status, body)
		}
	}
	c, r := dial()
	io.WriteString(c, "nonsense\r\n\r\n")
	if res, _ := readResponse(t, r, "GET"); res.StatusCode != 400 {
		t.Errorf("nonsense: %s", res.Status)
	}
}

func TestBrokenAnswersCutTheConnection(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	for _, path := range []string{"/short", "/panic"} {
		c, r := dial()
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := http.ReadResponse(r, nil); err == nil {
			t.Errorf("%s: an answer that is none", path)
		}
	}
}

func TestHangingUpEndsTheContext(t *testing.T) {
	t.Parallel()
	began, ended := make(chan bool), make(chan error, 1)
	_, dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		ended <- r.Context().Err()
	})
	c, _ := dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	c.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestShutdownWaitsForAnswers(t *testing.T) {
	t.Parallel()
	began, release := make(chan bool), make(chan bool)
	s, dial := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-release
		io.WriteString(w, "done")
	})
	idle, _ := dial()
	c, r := dial()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-began
	shutdownErr := make(chan error, 1)
	go func() { shutdownErr <- s.Shutdown(context.Background()) }()
	close(release)
	if _, body := readResponse(t, r, "GET"); body != "done" {
		t.Errorf("body %q", body)
	}
	if err := <-shutdownErr; err != nil {
		t.Error(err)
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("an idle connection stays open")
	}
}

func TestManyClients(t *testing.T) {
	t.Parallel()
	_, dial := serve(t, testHandler)
	var all sync.WaitGroup
	for i := range 64 {
		c, r := dial()
		all.Go(func() {
			for n := range 50 {
				fmt.Fprintf(c, "PUT /echo?%d-%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", i, n)
				if _, body := readResponse(t, r, "PUT"); body != fmt.Sprintf("%d-%d x", i, n) {
					t.Errorf("client %d: %q", i, body)
					return
				}
			}
		})
	}
	all.Wait()
}
