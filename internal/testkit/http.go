package testkit

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

// Response is a response with its body read.
type Response struct {
	Code   int
	Status string // with the reason phrase: "400 Bad Request"
	Header http.Header
	Body   string
}

// client follows no redirect, does not decompress and keeps no connection open, so that
// a test leaves no goroutine behind.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Request sends a request and returns the response. header is name, value, name,
// value …; Host sets the request's host. It does not look at the status.
func Request(t testing.TB, method, url, body string, header ...string) Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	setHeader(r, header)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %s: %v", method, url, res.Status, err)
	}
	return Response{Code: res.StatusCode, Status: res.Status, Header: res.Header, Body: string(text)}
}

// Get sends a GET request and returns the body of the response, which must have the
// status code.
func Get(t testing.TB, url string, code int) string {
	t.Helper()
	res := Request(t, http.MethodGet, url, "")
	if res.Code != code {
		t.Fatalf("%s: %s, want %d\n%.500s", url, res.Status, code, res.Body)
	}
	return res.Body
}

// Call calls a handler without a connection. header is as for Request.
func Call(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	setHeader(r, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func setHeader(r *http.Request, header []string) {
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
}

// Serve serves h on a free port of 127.0.0.1 until the end of the test and returns its
// URL.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// Listen opens a listener ("tcp" on a free port of 127.0.0.1, or "unix"), runs serve on
// it and returns its address. At the end of the test it calls stop and waits for serve.
// The test fails if serve ends with an error other than that the server was closed.
func Listen(t testing.TB, network string, serve func(net.Listener) error, stop func()) (address string) {
	t.Helper()
	address = "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve %s: %v", address, err)
		}
	})
	return l.Addr().String()
}

// REST returns a handler of a service's REST API below /client/v4/accounts/{account},
// with the router's settings that flint uses.
func REST(routes func(*mux.Router)) http.Handler {
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	routes(r.PathPrefix("/client/v4/accounts/{account}").Subrouter())
	return r
}
