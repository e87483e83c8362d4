package r2

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/r2/driver"
)

func newPublic(t testing.TB) (*Public, *Bucket) {
	t.Helper()
	b, _ := newBucket(t)
	return NewPublic(b.store, nil, slog.New(slog.DiscardHandler)), b
}

func (p *Public) try(method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	p.ServeSite(rec, r, Site{Bucket: "media"})
	return rec.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPublicObject(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	expiry := noon.UnixMilli()
	o, err := b.Put(context.Background(), "shares/ID é.png", strings.NewReader("0123456789"), PutOptions{
		Size: 10, HTTP: HTTPMetadata{ContentType: "image/png", ContentLanguage: "en", ContentDisposition: "inline", ContentEncoding: "", CacheControl: "public, max-age=31536000", CacheExpiry: &expiry},
	})
	if err != nil {
		t.Fatal(err)
	}
	const target = "/shares/ID%20%C3%A9.png"
	r := p.try("GET", target)
	if r.StatusCode != 200 || text(t, r) != "0123456789" {
		t.Fatalf("status %d", r.StatusCode)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "Content-Language": "en", "Content-Disposition": "inline", "Cache-Control": "public, max-age=31536000",
		"Expires": "Sun, 01 Mar 2026 12:00:00 GMT", "Etag": `"` + o.ETag + `"`, "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
		"Content-Length": "10", "Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "", "Vary": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, c := range []struct {
		method, header, value string
		status                int
		body, contentRange    string
	}{
		{"HEAD", "", "", 200, "", ""},
		{"GET", "Range", "bytes=2-4", 206, "234", "bytes 2-4/10"},
		{"GET", "Range", "bytes=-3", 206, "789", "bytes 7-9/10"},
		{"GET", "Range", "bytes=8-99", 206, "89", "bytes 8-9/10"},
		{"HEAD", "Range", "bytes=2-4", 206, "", "bytes 2-4/10"},
		{"GET", "Range", "bytes=10-", 416, "", "bytes */10"},
		{"GET", "Range", "bytes=-0", 416, "", "bytes */10"},
		{"HEAD", "Range", "bytes=10-", 416, "", "bytes */10"},
		{"GET", "Range", "bytes=1-2,4-5", 400, "", ""},
		{"GET", "Range", "bytes=5-2", 400, "", ""},
		{"GET", "If-None-Match", `"` + o.ETag + `"`, 304, "", ""},
		{"GET", "If-None-Match", `W/"` + o.ETag + `"`, 304, "", ""},
		{"GET", "If-None-Match", `"other"`, 200, "0123456789", ""},
		{"GET", "If-None-Match", `other`, 400, "", ""},
		{"GET", "If-Modified-Since", "Sun, 01 Mar 2026 12:00:00 GMT", 304, "", ""},
		{"GET", "If-Modified-Since", "Sun, 01 Mar 2026 11:59:59 GMT", 200, "0123456789", ""},
		{"GET", "If-Modified-Since", "yesterday", 200, "0123456789", ""},
		{"GET", "If-Match", `"` + o.ETag + `"`, 200, "0123456789", ""},
		{"GET", "If-Match", `"other"`, 412, "", ""},
		{"GET", "If-Match", `W/"` + o.ETag + `"`, 412, "", ""},
		{"GET", "If-Match", `*`, 200, "0123456789", ""},
		{"GET", "If-Match", `"other", "` + o.ETag + `"`, 200, "0123456789", ""},
		{"GET", "If-None-Match", `*`, 304, "", ""},
		{"HEAD", "If-None-Match", `"other", W/"` + o.ETag + `"`, 304, "", ""},
		{"HEAD", "If-Match", `"other"`, 412, "", ""},
		{"GET", "If-Unmodified-Since", "Sun, 01 Mar 2026 12:00:00 GMT", 200, "0123456789", ""},
		{"GET", "If-Unmodified-Since", "Sun, 01 Mar 2026 12:00:01 GMT", 200, "0123456789", ""},
		{"GET", "If-Unmodified-Since", "soon", 200, "0123456789", ""},
		{"GET", "If-Unmodified-Since", "Sun, 01 Mar 2026 11:00:00 GMT", 412, "", ""},
	} {
		r := p.try(c.method, target, c.header, c.value)
		if r.StatusCode != c.status || r.Header.Get("Content-Range") != c.contentRange {
			t.Errorf("%s %s: %s: %d %q", c.method, c.header, c.value, r.StatusCode, r.Header.Get("Content-Range"))
		}
		if body := text(t, r); c.status < 400 && body != c.body {
			t.Errorf("%s %s: %s: body %q", c.method, c.header, c.value, body)
		}
		if r.StatusCode == 304 && r.Header.Get("ETag") != `"`+o.ETag+`"` {
			t.Errorf("a 304 without its ETag")
		}
	}
	r = p.try("GET", target, "Range", "bytes=0-0", "If-Range", `"other"`)
	if r.StatusCode != 200 || text(t, r) != "0123456789" {
		t.Errorf("If-Range of another version: %d", r.StatusCode)
	}
	r = p.try("GET", target, "Range", "bytes=0-0", "If-Range", `"`+o.ETag+`"`)
	if r.StatusCode != 206 || text(t, r) != "0" {
		t.Errorf("If-Range of this version: %d", r.StatusCode)
	}
}

func TestPublicOthers(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	put(t, b, "../x", "up")
	put(t, b, "a/", "slash")
	put(t, b, "a", strings.Repeat("x", driver.MaxInline+1))
	for _, c := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/", 404, ""}, {"GET", "/none", 404, ""}, {"HEAD", "/none", 404, ""}, {"GET", "/%FF", 404, ""},
		{"GET", "/" + strings.Repeat("k", 1025), 404, ""},
		{"GET", "/../x", 200, "up"}, {"GET", "/%2E%2E%2Fx", 200, "up"}, {"GET", "/a/", 200, "slash"}, {"GET", "/a", 200, strings.Repeat("x", driver.MaxInline+1)},
		{"PUT", "/a", 405, ""}, {"POST", "/a", 405, ""}, {"DELETE", "/a", 405, ""}, {"OPTIONS", "/a", 204, ""},
	} {
		r := p.try(c.method, c.target)
		if body := text(t, r); r.StatusCode != c.status || c.status == 200 && body != c.body {
			t.Errorf("%s %.20s: %d %.40q", c.method, c.target, r.StatusCode, body)
		}
	}
	rec := httptest.NewRecorder()
	p.ServeSite(rec, httptest.NewRequest("GET", "/a", nil), Site{Bucket: "no-such-bucket"})
	if rec.Code != 404 {
		t.Errorf("missing bucket: %d", rec.Code)
	}
	if _, err := b.store.Lookup("no-such-bucket"); err == nil {
		t.Error("a public request created a bucket")
	}
}

// A page of another origin sees what a CORS rule of the bucket allows.
func TestPublicCORS(t *testing.T) {
	t.Parallel()
	p, b := newPublic(t)
	o := put(t, b, "k", "0123456789")
	const app, other = "https://app.example.com", "https://other.example.com"
	for _, c := range []struct {
		name, method string
		rules        []CORSRule
		header       []string
		status       int
		want         map[string]string
	}{
		{"no rules", "GET", nil, []string{"Origin", app}, 200, map[string]string{"Access-Control-Allow-Origin": "", "Vary": ""}},
		{"no rules, preflight", "OPTIONS", nil, []string{"Origin", app, "Access-Control-Request-Method", "GET"}, 403, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"no preflight", "OPTIONS", nil, nil, 204, map[string]string{"Allow": "GET, HEAD, OPTIONS"}},
		{"allowed", "GET", corsRules, []string{"Origin", app}, 200, map[string]string{"Access-Control-Allow-Origin": app, "Access-Control-Expose-Headers": "ETag, Content-Range", "Vary": "Origin"}},
		{"a part", "GET", corsRules, []string{"Origin", app, "Range", "bytes=1-2"}, 206, map[string]string{"Access-Control-Allow-Origin": app}},
		{"not modified", "GET", corsRules, []string{"Origin", app, "If-None-Match", `"` + o.ETag + `"`}, 304, map[string]string{"Access-Control-Allow-Origin": app, "Vary": "Origin"}},
		{"failed", "GET", corsRules, []string{"Origin", app, "If-Match", `"x"`}, 412, map[string]string{"Access-Control-Allow-Origin": app}},
		{"not allowed", "GET", corsRules, []string{"Origin", other}, 200, map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Origin"}},
		{"other method", "HEAD", corsRules, []string{"Origin", app}, 200, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"no origin", "GET", corsRules, nil, 200, map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Origin"}},
		{"preflight", "OPTIONS", corsRules, []string{"Origin", app, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range, If-Match"}, 204,
			map[string]string{"Access-Control-Allow-Origin": app, "Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "range, If-Match", "Access-Control-Max-Age": "600"}},
		{"preflight of a header", "OPTIONS", corsRules, []string{"Origin", app, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-other"}, 403, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"preflight of a method", "OPTIONS", corsRules, []string{"Origin", app, "Access-Control-Request-Method", "PUT"}, 403, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"anybody", "GET", []CORSRule{{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"GET"}}}}, []string{"Origin", other}, 200, map[string]string{"Access-Control-Allow-Origin": "*"}},
	} {
		if err := b.SetCORS(c.rules); err != nil {
			t.Fatal(err)
		}
		r := p.try(c.method, "/k", c.header...)
		if r.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, r.StatusCode, c.status)
		}
		for name, want := range c.want {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
	if r := p.try("GET", "/none", "Origin", app); r.StatusCode != 404 {
		t.Errorf("status %d", r.StatusCode)
	}
}

var corsRules = []CORSRule{{
	Allowed:       CORSAllowed{Origins: []string{"https://app.example.com"}, Methods: []string{"GET"}, Headers: []string{"Range", "If-*"}},
	ExposeHeaders: []string{"ETag", "Content-Range"}, MaxAgeSeconds: 600,
}}
