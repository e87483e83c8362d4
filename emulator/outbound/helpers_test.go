package outbound

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// served is a gate behind a server, as workerd sees it.
func served(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	g := gateOf(t, o)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.ServeBinding(w, r, "app") }))
	t.Cleanup(func() {
		_ = g.Close()
		s.Close()
	})
	return s
}

// gateOf makes a gate whose files are in order.
func gateOf(t *testing.T, o Options) *Gate {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// origin is a real host, on this machine.
func origin(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// client never follows redirects, never unpacks, and keeps no connection.
func client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch sends what workerd sends for a fetch() of proto://host + path.
func fetch(t *testing.T, gate *httptest.Server, proto, host, path string, header http.Header) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gate.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("X-Flint-Proto", proto)
	r.Header.Set("X-Flint-Binding", "outbound/app")
	res, err := client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func says(word string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, word+" "+r.URL.Scheme+" "+r.URL.Host+" "+r.Host+" "+r.Header.Get("X-Flint-Proto")+r.Header.Get("X-Flint-Binding"))
	})
}

// lockedBuffer takes log lines from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
