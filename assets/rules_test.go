package assets

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/intercept"
	"flint/internal/mimetype"
	"flint/internal/testkit"
)

func TestRuleFilesThatChange(t *testing.T) {
	t.Parallel()
	dir := site(t, map[string]string{"a.txt": "a"})
	a := mustOpen(t, Options{Dir: dir})
	clk := clock.NewFrozen(time.Now())
	defer clk.Close()
	a.real, a.files.real = clk, clk
	a.rules.Store(nil)
	want(t, a, "/a.txt", 200, "a")
	testkit.WriteFile(t, filepath.Join(dir, "_redirects"), "/old /a.txt 301")
	testkit.WriteFile(t, filepath.Join(dir, "_headers"), "/a.txt\n  X-New: 1")
	testkit.WriteFile(t, filepath.Join(dir, ".assetsignore"), "b.txt")
	testkit.WriteFile(t, filepath.Join(dir, "b.txt"), "b")
	want(t, a, "/b.txt", 200, "b") // looked at only a moment ago
	if err := clk.Advance(t.Context(), rulesAge); err != nil {
		t.Fatal(err)
	}
	want(t, a, "/b.txt", 404, "")
	if w := get(t, a, "/old?q=1"); w.Code != 301 || w.Header().Get("Location") != "/a.txt?q=1" {
		t.Errorf("/old: %d %v", w.Code, w.Header())
	}
	if got := get(t, a, "/a.txt").Header().Get("X-New"); got != "1" {
		t.Errorf("X-New = %q", got)
	}
	for _, name := range []string{"/_headers", "/_redirects", "/.assetsignore"} {
		want(t, a, name, 404, "")
	}
}

func TestIgnore(t *testing.T) {
	t.Parallel()
	text := "# comment\n*.map\n/only-root.txt\nbuild/\nsub/*.log\n**/deep.txt\ndocs/**\n!keep.map\na?c\n[x-z].txt\n!not\\*this\n\\#hash\nspace \ntrail\\ \nvendor\n!vendor/keep\n"
	g := newIgnore(text, true, false)
	for path, ignored := range map[string]bool{
		"a.map": true, "x/y/b.map": true, "keep.map": false, "x/keep.map": false,
		"only-root.txt": true, "sub/only-root.txt": false,
		"build/x.js": true, "x/build/y.js": true, "build": false,
		"sub/a.log": true, "sub/x/a.log": false, "a.log": false,
		"deep.txt": true, "p/q/deep.txt": true, "docs/a": true, "docs/a/b": true, "docs": false,
		"abc": true, "a/c": false, "y.txt": true, "w.txt": false, "#hash": true, "space": true, "trail ": true,
		"vendor/keep": true, "_headers": true, "sub/_headers": false, ".assetsignore": true, "plain.txt": false,
	} {
		if got := g.match(path, false); got != ignored {
			t.Errorf("%q: ignored = %v, want %v", path, got, ignored)
		}
	}
}

func TestTooManyRules(t *testing.T) {
	t.Parallel()
	var static, dynamic, headers strings.Builder
	for i := range maxStaticRedirects + 2 {
		static.WriteString(sprintf("/s%d /t\n", i))
	}
	for i := range maxDynamicRedirects + 2 {
		dynamic.WriteString(sprintf("/d%d/* /t\n", i))
		headers.WriteString(sprintf("/h%d\n  X: 1\n", i))
	}
	r, wrong := parseRedirects(static.String(), true)
	if len(r.static) != maxStaticRedirects || len(wrong) != 2 {
		t.Errorf("%d static rules, %d problems", len(r.static), len(wrong))
	}
	r, wrong = parseRedirects(dynamic.String(), true)
	if len(r.dynamic) != maxDynamicRedirects || len(wrong) != 1 || !strings.Contains(wrong[0].message, "Skipping remaining 3 lines") {
		t.Errorf("%d dynamic rules, problems %v", len(r.dynamic), wrong)
	}
	h, wrong := parseHeaders(headers.String())
	if len(h) != maxHeaderRules || len(wrong) != 1 || wrong[0].message != "Maximum number of rules supported is 100. Skipping remaining 5 lines of file." {
		t.Errorf("%d header rules, problems %v", len(h), wrong)
	}
	long := "/" + strings.Repeat("x", maxLineLength)
	if _, wrong = parseRedirects(long+" /t", true); len(wrong) != 1 || wrong[0].message != "Ignoring line 1 as it exceeds the maximum allowed length of 2000." {
		t.Errorf("long line: %v", wrong)
	}
}

// A line break in a header's value, or what is no header at all, never gets out.
func TestHeadersCannotBreakTheAnswer(t *testing.T) {
	t.Parallel()
	rules, wrong := parseHeaders("/*\n  X-A: a\rb\n  X(B): c\n  X-C: :splat\n")
	if len(wrong) != 2 || len(rules) != 1 || len(rules[0].set) != 1 {
		t.Fatalf("rules %+v, problems %+v", rules, wrong)
	}
	q := &request{r: httptest.NewRequest("GET", "/", nil), path: "/x%0d%0aX-Evil:%201"}
	h := map[string][]string{}
	applyHeaders(rules, q, h)
	if got := h["X-C"]; !slices.Equal(got, []string{"x%0d%0aX-Evil:%201"}) {
		t.Errorf("X-C = %q", got)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	a := mustOpen(t, Options{Pages: true, Dir: site(t, map[string]string{
		"index.html": "home", "about.html": "about", "blog/index.html": "blog", "blog/404.html": "no post", "app.js": "js",
		"twin": "bare", "twin.html": "twin", "_worker.js": "code", "_routes.json": "{}", "functions/api.ts": "code",
		"_redirects": "/go /about 301", "_headers": "/app.js\n  X-A: 1",
	})})
	for _, c := range []struct {
		path     string
		status   int
		body     string
		location string
	}{
		{"/", 200, "home", ""}, {"/about", 200, "about", ""}, {"/about.html?x=1", 308, "", "/about?x=1"}, {"/about/", 308, "", "/about"},
		{"/index.html", 308, "", "/"}, {"/index", 308, "", "/"}, {"/blog", 308, "", "/blog/"}, {"/blog/", 200, "blog", ""},
		{"/blog/index.html", 308, "", "/blog/"}, {"/blog/nope", 404, "no post", ""}, {"/nope", 200, "home", ""}, {"/a/b/c", 200, "home", ""},
		{"/twin", 200, "bare", ""}, {"/twin.html", 200, "twin", ""}, {"/go", 301, "", "/about"},
		{"/_worker.js", 200, "home", ""}, {"/functions/api.ts", 200, "home", ""}, {"/_routes.json", 200, "home", ""},
	} {
		w := get(t, a, c.path)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Location") != c.location {
			t.Errorf("%s: %d %q %q, want %d %q %q", c.path, w.Code, w.Body, w.Header().Get("Location"), c.status, c.body, c.location)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Referrer-Policy") != "strict-origin-when-cross-origin" {
			t.Errorf("%s: headers %v", c.path, w.Header())
		}
	}
	if h := get(t, a, "/blog/nope").Header(); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("404: %v", h)
	}
	if h := get(t, a, "/app.js").Header(); h.Get("X-A") != "1" || h.Get("Cache-Control") != browserCache {
		t.Errorf("app.js: %v", h)
	}
	w := httptest.NewRecorder()
	if a.ServeHTTP(w, httptest.NewRequest("POST", "/", nil)); w.Code != 405 {
		t.Errorf("POST: %d, want 405", w.Code)
	}
	with404 := mustOpen(t, Options{Pages: true, Dir: site(t, map[string]string{"index.html": "home", "404.html": "gone"})})
	want(t, with404, "/a/b", 404, "gone")
}

func TestRouting(t *testing.T) {
	t.Parallel()
	r, err := NewRouting([]string{"/api/*", "!/api/docs/*", "/exact", "/*.json"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]Route{
		"/api/x": WorkerFirst, "/api/": WorkerFirst, "/api": Default, "/api/docs/a": AssetsOnly, "/exact": WorkerFirst,
		"/exact/x": Default, "/a/b.json": WorkerFirst, "/": Default,
	} {
		if got := r.Route(httptest.NewRequest("GET", path, nil)); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if (*Routing)(nil).Route(httptest.NewRequest("GET", "/", nil)) != Default {
		t.Error("no patterns must say Default")
	}
	for _, c := range []struct {
		patterns []string
		want     string
	}{
		{nil, "No `run_worker_first` rules were provided"},
		{slices.Repeat([]string{"/x"}, 101), "101 rules provided exceeds max of 100."},
		{[]string{"!/a"}, "Only negative `run_worker_first` rules"},
		{[]string{"api", "!x", "/ok"}, "'api': rules must start with '/' or '!/'\n'!x': negative rules must start with '!/'"},
		{[]string{"/a", "/a"}, "'/a': rule is a duplicate; rules must be unique"},
		{[]string{"/a/*", "/a/b"}, "'/a/b': rule '/a/*' makes it redundant"},
		{[]string{"/" + strings.Repeat("x", 100)}, "all rules must be less than 100 characters"},
	} {
		_, err := NewRouting(c.patterns)
		var e *cferr.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
			t.Errorf("%.40q: %v, want %s", c.patterns, err, c.want)
		}
	}
}

func TestBinding(t *testing.T) {
	t.Parallel()
	a := mustOpen(t, Options{NotFound: "404-page", Dir: site(t, map[string]string{"a.txt": "a", "404.html": "gone"})})
	var chain intercept.Chain
	var seen []string
	var fault error
	chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		seen = append(seen, op.Service+" "+op.Resource+" "+op.Action+" "+op.Key)
		if fault != nil {
			return fault
		}
		return next(ctx)
	})
	b := NewBinding(func(name string) *Assets {
		if name == "web" {
			return a
		}
		return nil
	}, &chain, slog.New(slog.DiscardHandler))
	call := func(resource, path string) (int, string) {
		w := httptest.NewRecorder()
		b.ServeBinding(w, httptest.NewRequest("GET", path, nil), resource)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		resource, path string
		status         int
		body           string
	}{
		{"web", "/a.txt", 200, "a"}, {"web", "/none", 404, "gone"}, {"api", "/a.txt", 404, "no assets are bound as api\n"},
	} {
		if status, body := call(c.resource, c.path); status != c.status || body != c.body {
			t.Errorf("%s %s: %d %q, want %d %q", c.resource, c.path, status, body, c.status, c.body)
		}
	}
	if want := []string{"assets web fetch /a.txt", "assets web fetch /none"}; !slices.Equal(seen, want) {
		t.Errorf("the chain saw %q, want %q", seen, want)
	}
	fault = cferr.New(503, 0, "out of order")
	if status, body := call("web", "/a.txt"); status != 503 || body != "out of order\n" {
		t.Errorf("fault: %d %q", status, body)
	}
	fault = errors.New("/secret")
	if status, body := call("web", "/a.txt"); status != 500 || strings.Contains(body, "secret") {
		t.Errorf("foreign error: %d %q", status, body)
	}
}

func TestMimeTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.html": "text/html; charset=utf-8", "d/a.JS": "text/javascript; charset=utf-8", "a.json": "application/json",
		"a.min.css": "text/css; charset=utf-8", "a.svg": "image/svg+xml", "a.wasm": "application/wasm", ".html": "", "html": "",
		"a.unknown": "", "a.": "", "d.css/file": "",
	} {
		if got := mimetype.ByName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"/", "", "/a/../b", "/%2e%2e/x", `\\evil`, "//x//", "/%", "/ü", "/a%2Fb/./", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := normalizePath(s)
		if !strings.HasPrefix(p, "/") || normalizePath(p) != p {
			t.Fatalf("%q became %q and then %q", s, p, normalizePath(p))
		}
		d := decodePath(p)
		if strings.Contains(d, "//") {
			t.Fatalf("%q decoded to %q", s, d)
		}
		if e := encodePath(d); decodePath(e) != d && !strings.Contains(s, "%") {
			t.Fatalf("%q encoded to %q, which decodes to %q", d, e, decodePath(e))
		}
	})
}
