package front

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/worker"
)

// named answers with its own name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) })
}

func TestRouterFindsByHostAndPattern(t *testing.T) {
	t.Parallel()
	rt := NewRouter(named("fallback"))
	rt.Host("media.example.com", named("bucket"))
	rt.Route("example.com/*", named("zone"))
	rt.Route("https://example.com/images/*", named("images"))
	rt.Route("*.example.com/*", named("subdomain"))
	rt.Route("*both.test/*", named("both"))
	rt.Route("exact.test/only", named("exact"))
	for _, c := range []struct{ host, path, want string }{
		{"localhost:8787", "/", "fallback"},
		{"media.example.com", "/x", "bucket"},
		{"MEDIA.example.com:8787", "/x", "bucket"},
		{"media.example.com.localhost:8787", "/x", "bucket"},
		{"example.com", "/", "zone"},
		{"example.com.", "/", "zone"},
		{"example.com", "/images/a", "images"},
		{"example.com", "/Images/a", "zone"},
		{"a.example.com", "/", "subdomain"},
		{"a.b.example.com", "/", "subdomain"},
		{"notexample.com", "/", "fallback"},
		{"both.test", "/", "both"},
		{"a.both.test", "/", "both"},
		{"exact.test", "/only", "exact"},
		{"exact.test", "/only/more", "fallback"},
	} {
		h, _ := rt.Find(c.host, c.path)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s%s: %s, want %s", c.host, c.path, got, c.want)
		}
	}
	if _, byName := rt.Find("localhost", "/"); byName {
		t.Error("the fallback counts as meant by name")
	}
}

func TestEdgeHeadersDropWhatOnlyTheEdgeMaySet(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", strings.NewReader("x"))
	r.RemoteAddr = "192.0.2.7:1234"
	for name, value := range map[string]string{
		"Connection": "keep-alive, X-Hop", "X-Hop": "1", "Te": "trailers", "Content-Length": "1", "X-Forwarded-For": "198.51.100.1",
		worker.HeaderBinding: "kv/x", "Cf-Ray": "forged",
	} {
		r.Header.Set(name, value)
	}
	edgeHeaders(r)
	for _, name := range []string{"Connection", "X-Hop", "Te", "Content-Length", worker.HeaderBinding} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s was passed on: %q", name, r.Header.Get(name))
		}
	}
	if got := r.Header.Get("X-Forwarded-For"); got != "198.51.100.1,192.0.2.7" {
		t.Errorf("X-Forwarded-For: %s", got)
	}
	if ray := r.Header.Get("Cf-Ray"); len(ray) != 20 || !strings.HasSuffix(ray, "-"+colo) {
		t.Errorf("Cf-Ray: %s", ray)
	}
}

// stub is a Worker that answers as it is told.
type stub struct {
	res *http.Response
	err error
}

func (s stub) RoundTrip(*http.Request) (*http.Response, error) { return s.res, s.err }

func TestErrorsAreToldInTheRightForm(t *testing.T) {
	t.Parallel()
	crash := &worker.CrashError{Err: errors.New("EOF")}
	thrown := &worker.Exception{Name: "Error", Message: "<b>boom</b>", Stack: "Error: <b>boom</b>\n    at index.ts:1:1"}
	for _, c := range []struct {
		err    error
		accept string
		status int
		want   string
	}{
		{crash, "*/*", 502, "Bad gateway: workerd stopped while it was answering this request"},
		{thrown, "*/*", 500, "Uncaught exception: Error: <b>boom</b>\n\nError: <b>boom</b>\n    at index.ts:1:1\n"},
		{thrown, "text/html", 500, "<p>Error: &lt;b&gt;boom&lt;/b&gt;</p>"},
		{worker.ErrHeld, "", 503, "did not become ready"},
	} {
		site := &Site{Worker: stub{err: c.err}, Log: slog.New(slog.DiscardHandler)}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%v for %q: %d %s", c.err, c.accept, w.Code, w.Body)
		}
	}
}

// A response that breaks off must not look complete to the client.
func TestBrokenBodyCutsTheConnection(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader("half"), errReader{})
	site := &Site{Log: slog.New(slog.DiscardHandler), Worker: stub{res: &http.Response{
		StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(body),
	}}}
	srv := httptest.NewServer(site)
	defer srv.Close()
	res, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the client read %q without an error", data)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
