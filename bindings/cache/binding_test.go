package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/intercept"
)

// call is one call of workerd, over a real connection.
type call struct {
	method, url string
	header      map[string]string
	body        io.Reader
}

type server struct {
	t     *testing.T
	url   string
	cache *Cache
	clock *clock.Virtual
	chain *intercept.Chain
}

func serve(t *testing.T) *server {
	c, clk := open(t, t.TempDir(), 0)
	s := &server{t: t, cache: c, clock: clk, chain: &intercept.Chain{}}
	b := NewBinding(c, s.chain, slog.New(slog.DiscardHandler))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.ServeBinding(w, r, "default") }))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// do sends c and returns "status body" and the headers.
func (s *server) do(c call) (string, http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), c.method, s.url, c.body)
	if err != nil {
		s.t.Fatal(err)
	}
	scheme, rest, _ := strings.Cut(c.url, "://")
	host, path, _ := strings.Cut(rest, "/")
	r.Host, r.URL.Opaque = host, "/"+path // sent as it is
	r.Header.Set(ProtoHeader, scheme)
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, data), res.Header
}

func (s *server) put(url, status, headers, body string) {
	s.t.Helper()
	if got, _ := s.do(call{method: "PUT", url: url, body: message(status, headers, body)}); got != "204 " {
		s.t.Fatalf("put of %s: %s", url, got)
	}
}

func (s *server) match(url string, header map[string]string) (string, http.Header) {
	s.t.Helper()
	return s.do(call{method: "GET", url: url, header: header})
}

func TestMatchPutDelete(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if got, h := s.match("http://h/a", nil); got != "504 " || h.Get("CF-Cache-Status") != "MISS" {
		t.Fatalf("empty cache: %s %v", got, h)
	}
	s.put("http://h/a", "200 OK", "Cache-Control: max-age=60\r\nX-A: 1\r\nX-A: 2\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT", "hello")
	if err := s.clock.Advance(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	got, h := s.match("http://h/a", nil)
	if got != "200 hello" || h.Get("CF-Cache-Status") != "HIT" || h.Get("Age") != "10" || h.Get("Content-Length") != "5" ||
		strings.Join(h["X-A"], "+") != "1+2" || h.Get("Date") != "Mon, 01 Jan 2024 00:00:00 GMT" || h["Content-Type"] != nil {
		t.Fatalf("hit: %s %v", got, h)
	}
	if got, _ := s.match("https://h/a", nil); got != "504 " {
		t.Errorf("the https URL is another key: %s", got)
	}
	for i, want := range []string{"200 ", "404 "} {
		if got, _ := s.do(call{method: "PURGE", url: "http://h/a"}); got != want {
			t.Errorf("delete %d: %s, want %s", i, got, want)
		}
	}
	if got, _ := s.do(call{method: "POST", url: "http://h/a"}); !strings.HasPrefix(got, "405 ") {
		t.Errorf("POST: %s", got)
	}
}

func TestStatusesAndEmptyBodies(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, c := range []struct{ status, body, want string }{
		{"404 Not Found", "nope", "404 nope"}, {"204 No Content", "", "204 "}, {"301 Moved", "", "301 "}, {"503 Busy", "b", "503 b"}, {"200", "", "200 "},
	} {
		s.put("http://h/s", c.status, "Cache-Control: max-age=60\r\nLocation: /x", c.body)
		got, h := s.match("http://h/s", map[string]string{"Range": "bytes=0-0", "If-None-Match": "*"})
		if c.status != "200" && (got != c.want || h.Get("Location") != "/x") {
			t.Errorf("%s: %s %v, want %s", c.status, got, h, c.want)
		}
		if got, _ = s.match("http://h/s", nil); got != c.want {
			t.Errorf("%s: %s, want %s", c.status, got, c.want)
		}
	}
}

func TestConditionsAndRanges(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.put("http://h/e", "200 OK", "Cache-Control: max-age=60\r\nETag: \"v\"\r\nContent-Type: text/plain\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT", "0123456789")
	for _, c := range []struct{ name, value, want, contentRange string }{
		{"If-None-Match", `"v"`, "304 ", ""},
		{"If-None-Match", `W/"v"`, "304 ", ""},
		{"If-None-Match", `"x", "v"`, "304 ", ""},
		{"If-None-Match", `*`, "304 ", ""},
		{"If-None-Match", `"x"`, "200 0123456789", ""},
		{"If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT", "304 ", ""},
		{"If-Modified-Since", "Sun, 31 Dec 2023 00:00:00 GMT", "200 0123456789", ""},
		{"If-Modified-Since", "yesterday", "200 0123456789", ""},
		{"Range", "bytes=2-4", "206 234", "bytes 2-4/10"},
		{"Range", "bytes=8-", "206 89", "bytes 8-9/10"},
		{"Range", "bytes=-1", "206 9", "bytes 9-9/10"},
		{"Range", "bytes=5-500", "206 56789", "bytes 5-9/10"},
	} {
		got, h := s.match("http://h/e", map[string]string{c.name: c.value})
		if got != c.want || h.Get("Content-Range") != c.contentRange || h.Get("CF-Cache-Status") != "HIT" {
			t.Errorf("%s: %s: %s %v, want %s", c.name, c.value, got, h, c.want)
		}
	}
	for _, bad := range []string{"bytes=10-", "bytes=20-30", "bytes=4-2", "bytes=x", "lines=1"} {
		got, h := s.match("http://h/e", map[string]string{"Range": bad})
		if got != "416 " || h.Get("Content-Range") != "bytes */10" || h.Get("CF-Cache-Status") != "HIT" || h.Get("Content-Type") != "" {
			t.Errorf("%s: %s %v", bad, got, h)
		}
	}
	got, h := s.match("http://h/e", map[string]string{"Range": "bytes=1-2,4-5"})
	if !strings.HasPrefix(h.Get("Content-Type"), "multipart/byteranges") || strings.Count(got, "Content-Range: bytes") != 2 {
		t.Errorf("two ranges: %s %v", got, h)
	}
}

func TestNamedCachesAndCustomKeys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	fresh := func(body string) io.Reader { return message("200 OK", "Cache-Control: max-age=60", body) }
	named := map[string]string{"CF-Cache-Namespace": "n"}
	custom := map[string]string{CFBlobHeader: `{"cacheKey":"K","x":1}`}
	number := map[string]string{CFBlobHeader: `{"cacheKey":7}`}
	s.do(call{"PUT", "http://h/", nil, fresh("plain")})
	s.do(call{"PUT", "http://h/", named, fresh("named")})
	s.do(call{"PUT", "http://h/", custom, fresh("custom")})
	s.do(call{"PUT", "http://h/", number, fresh("number")})
	for _, c := range []struct {
		url    string
		header map[string]string
		want   string
	}{
		{"http://h/", nil, "200 plain"}, {"http://h/", named, "200 named"}, {"https://other/", custom, "200 custom"},
		{"https://other/", number, "200 number"}, {"http://h/", map[string]string{CFBlobHeader: `{}`}, "200 plain"},
		{"http://h/", map[string]string{CFBlobHeader: `not json`}, "200 plain"}, {"http://K/", nil, "504 "},
	} {
		if got, _ := s.match(c.url, c.header); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.url, c.header, got, c.want)
		}
	}
}

// What is refused is read to its end, or workerd would see a lost connection.
func TestRefusedPutsAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	large := strings.Repeat("x", 4<<20)
	for _, c := range []struct {
		body io.Reader
		want string
	}{
		{message("200 OK", "Cache-Control: no-store", large), "413 the response may not be cached\n"},
		{message("200 OK", "Set-Cookie: a=b", large), "413 the response may not be cached\n"},
		{strings.NewReader("nonsense\r\n\r\n" + large), "400 not an HTTP response: it begins with \"nonsense\"\n"},
	} {
		if got, _ := s.do(call{"PUT", "http://h/r", nil, c.body}); got != c.want {
			t.Errorf("got %.80q, want %q", got, c.want)
		}
	}
}

func TestCallsPassTheChain(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var seen []string
	s.chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		err := next(ctx)
		seen = append(seen, fmt.Sprintf("%s %s %s %s %d", op.Service, op.Resource, op.Action, op.Key, op.Bytes))
		return err
	})
	s.put("http://h/a", "200 OK", "Cache-Control: max-age=60", "12345")
	s.match("http://h/a", nil)
	s.do(call{method: "PURGE", url: "http://h/a", header: map[string]string{"CF-Cache-Namespace": "n"}})
	want := "cache default put http://h/a 79|cache default match http://h/a 5|cache n delete http://h/a 0"
	if got := strings.Join(seen, "|"); got != want {
		t.Errorf("saw %s\nwant %s", got, want)
	}
}

func TestFaultsAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var fault error
	s.chain.Use(func(context.Context, *intercept.Op, func(context.Context) error) error { return fault })
	fault = cferr.New(429, 0, "too many requests")
	if got, _ := s.do(call{method: "PURGE", url: "http://h/a"}); got != "429 too many requests\n" {
		t.Errorf("got %q", got)
	}
	fault = errors.New("/secret")
	if got, _ := s.match("http://h/a", nil); strings.Contains(got, "secret") {
		t.Errorf("a foreign error leaked: %q", got)
	}
}

func BenchmarkMatch(b *testing.B) {
	c, _ := open(b, b.TempDir(), 0)
	put(b, c, Key{Resource: "default", URL: "http://example.com/a"}, "Cache-Control: max-age=60\r\nContent-Type: text/plain", strings.Repeat("x", 1024))
	bind := NewBinding(c, nil, slog.New(slog.DiscardHandler))
	r := httptest.NewRequest(http.MethodGet, "/a", nil)
	r.Header.Set("Cache-Control", "only-if-cached")
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		bind.ServeBinding(w, r, "default")
	}
	if w.status != http.StatusOK || w.n == 0 {
		b.Fatalf("status %d, %d bytes", w.status, w.n)
	}
}

func BenchmarkPut(b *testing.B) {
	c, _ := open(b, b.TempDir(), 8<<20)
	text := "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("x", 1024)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Put(key("http://example.com/a"), strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct {
	h      http.Header
	status int
	n      int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { d.n += len(p); return len(p), nil }
