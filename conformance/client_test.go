package conformance

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"flint/internal/testkit"
)

func startClient(t *testing.T, h http.HandlerFunc) *client {
	t.Helper()
	c := newClient(testkit.Serve(t, h))
	t.Cleanup(c.close)
	return c
}

func runStep(t *testing.T, c *client, s *Step) *Answer {
	t.Helper()
	a, err := c.run(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRunStep(t *testing.T) {
	t.Parallel()
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		http.Redirect(w, r, "/to?"+r.Host+r.Header.Get("X-A"), http.StatusFound)
	})
	s := &Step{Method: "POST", Path: "/", Header: []Field{{"Host", "h.example"}, {"X-A", "a"}}}
	s.Expected = &Answer{Header: []Field{{"Location", ""}, {"X-Many", ""}, {"X-None", ""}}}
	if got := runStep(t, c, s).String(); got != "302\nLocation: /to?h.examplea\nX-Many: 1, 2\nX-None: -" {
		t.Errorf("%q", got)
	}
}

func TestRunStepUntil(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c := startClient(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(strings.Repeat("x", int(n.Add(1))))) })
	s := &Step{Method: "GET", Path: "/", Until: 10 * time.Second, Expected: &Answer{Status: 200, Body: "xxx"}}
	if got := runStep(t, c, s).Body; got != "xxx" {
		t.Errorf("%q", got)
	}
	known := &Answer{Status: 200, Body: "xxxxx"}
	if a, err := c.run(t.Context(), s, known); err != nil || a.Body != known.Body {
		t.Errorf("%v %v", a, err)
	}
	s.Until = time.Millisecond
	if got := runStep(t, c, s).Body; got == "xxx" {
		t.Error("it came back to xxx")
	}
}

func TestRunStepBodies(t *testing.T) {
	t.Parallel()
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/binary":
			w.Write([]byte{0xff, 0})
		case "/large":
			w.Write(make([]byte, maxInlineBody+1))
		case "/gone":
			panic(http.ErrAbortHandler)
		case "/cut":
			w.Header().Set("Content-Length", "9")
			w.Write([]byte("x"))
		}
	})
	for path, want := range map[string]string{
		"/binary": "base64: /wA=", "/gone": closedWithoutAnswer, "/cut": "(the body broke off)", "/empty": "",
		"/large": "sha256: b1fb0079828ab653919011a9f8cfdd3704387eb08e1dc971155b33c03e0da1ef (8193 bytes)",
	} {
		if got := runStep(t, c, &Step{Method: "GET", Path: path}).Body; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestRunStepWebSocket(t *testing.T) {
	t.Parallel()
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for {
			kind, b, err := conn.Read(r.Context())
			if err != nil || string(b) == "bye" {
				conn.Close(4000, "the end")
				return
			}
			conn.Write(r.Context(), kind, b)
		}
	})
	s := &Step{Method: "WS", Path: "/", Body: "one\nbinary 00ff\nbye"}
	if got := runStep(t, c, s).String(); got != "101\n\ntext one\nbinary 00ff\nclose 4000 the end" {
		t.Errorf("%q", got)
	}
	s.Path = "/refuse"
	if got := runStep(t, c, s).String(); got != "403\n\nno" {
		t.Errorf("%q", got)
	}
}

func TestRunStepStream(t *testing.T) {
	t.Parallel()
	next := make(chan struct{}, 1)
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("one"))
		w.(http.Flusher).Flush()
		select {
		case <-next:
		case <-r.Context().Done():
		}
		w.Write([]byte("two"))
	})
	release := func(string) { next <- struct{}{} }
	c.http.Transport = firstReadTransport{c.http.Transport, release}
	if got := runStep(t, c, &Step{Method: "STREAM", Path: "/"}).Body; got != "chunk one\nchunk two" {
		t.Errorf("%q", got)
	}
}

// firstReadTransport calls first with the first part of a body that is read.
type firstReadTransport struct {
	http.RoundTripper
	first func(string)
}

func (w firstReadTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &firstReadBody{resp.Body, w.first}
	}
	return resp, err
}

type firstReadBody struct {
	io.ReadCloser
	first func(string)
}

func (w *firstReadBody) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 && w.first != nil {
		w.first(string(p[:n]))
		w.first = nil
	}
	return n, err
}
