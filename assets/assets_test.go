package assets

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/testkit"
)

// site makes a folder of files whose times are old enough to be trusted.
func site(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		testkit.WriteFile(t, filepath.Join(dir, name), content)
	}
	settle(t, dir)
	return dir
}

func settle(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(full string, _ os.DirEntry, err error) error {
		if err == nil {
			age(t, full, time.Hour)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t testing.TB, opt Options) *Assets {
	t.Helper()
	a, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t testing.TB, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return testkit.Call(h, http.MethodGet, "http://h.test"+path, "", header...)
}

func want(t testing.TB, h http.Handler, path string, status int, body string) {
	t.Helper()
	if w := get(t, h, path); w.Code != status || w.Body.String() != body {
		t.Errorf("%s: %d %q, want %d %q", path, w.Code, w.Body, status, body)
	}
}

func TestHeadersOfAnAsset(t *testing.T) {
	t.Parallel()
	a := mustOpen(t, Options{Dir: site(t, map[string]string{"a.css": "body{}", "LICENSE": "free", "x.JPG": "j", "empty.txt": ""})})
	w := get(t, a, "/a.css")
	h := w.Header()
	etag := h.Get("ETag")
	if len(etag) != 34 || h.Get("Content-Type") != "text/css; charset=utf-8" || h.Get("Content-Length") != "6" ||
		h.Get("Cache-Control") != "public, max-age=0, must-revalidate" || h.Get("CF-Cache-Status") != "MISS" {
		t.Errorf("headers %v", h)
	}
	if got := get(t, a, "/a.css").Header().Get("CF-Cache-Status"); got != "HIT" {
		t.Errorf("second time %s, want HIT", got)
	}
	for _, match := range []string{etag, "W/" + etag} {
		if w := get(t, a, "/a.css", "If-None-Match", match); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != etag {
			t.Errorf("If-None-Match %s: %d %q %v", match, w.Code, w.Body, w.Header())
		}
	}
	// A range is not served, and such an answer is not to be cached.
	if w := get(t, a, "/a.css", "Range", "bytes=0-1"); w.Code != 200 || w.Body.String() != "body{}" || w.Header().Get("Cache-Control") != "" {
		t.Errorf("range: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := get(t, a, "/a.css", "Authorization", "x"); w.Header().Get("Cache-Control") != "" {
		t.Errorf("with credentials: %v", w.Header())
	}
	if ct := get(t, a, "/LICENSE").Header()["Content-Type"]; ct != nil {
		t.Errorf("LICENSE has the type %q, want none", ct)
	}
	if ct := get(t, a, "/x.JPG").Header().Get("Content-Type"); ct != "image/jpeg" {
		t.Errorf("x.JPG has the type %q", ct)
	}
	want(t, a, "/empty.txt", 200, "")
}

// Over a real connection nothing else is added, and HEAD has the length.
func TestOverAConnection(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", maxCachedFile+1)
	srv := httptest.NewServer(mustOpen(t, Options{Dir: site(t, map[string]string{"big.bin": large, "s": "small"})}))
	defer srv.Close()
	for path, size := range map[string]int{"/big.bin": len(large), "/s": 5, "/none": 0} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := srv.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			wantBody := size
			if method == http.MethodHead {
				wantBody = 0
			}
			if err != nil || len(body) != wantBody || res.ContentLength != int64(size) {
				t.Errorf("%s %s: %d bytes, length %d, %v; want %d and %d", method, path, len(body), res.ContentLength, err, wantBody, size)
			}
			if path != "/big.bin" && res.Header["Content-Type"] != nil {
				t.Errorf("%s %s: net/http guessed %q", method, path, res.Header["Content-Type"])
			}
		}
	}
}

func TestFilesThatChange(t *testing.T) {
	t.Parallel()
	dir := site(t, map[string]string{"index.html": "old", "sub/a.js": "a", "big.bin": strings.Repeat("b", maxCachedFile+1)})
	a := mustOpen(t, Options{Dir: dir})
	want(t, a, "/", 200, "old")
	want(t, a, "/sub/b.js", 404, "")
	want(t, a, "/new/c.js", 404, "")
	etag := get(t, a, "/").Header().Get("ETag")

	testkit.WriteFile(t, filepath.Join(dir, "index.html"), "new") // the same size, a moment later
	want(t, a, "/", 200, "new")
	testkit.WriteFile(t, filepath.Join(dir, "index.html"), "NEW") // again, within the grain of file times
	want(t, a, "/", 200, "NEW")
	if get(t, a, "/").Header().Get("ETag") == etag {
		t.Error("the ETag did not change with the file")
	}
	testkit.WriteFile(t, filepath.Join(dir, "sub/b.js"), "b")
	want(t, a, "/sub/b.js", 200, "b")
	testkit.WriteFile(t, filepath.Join(dir, "new/c.js"), "c")
	want(t, a, "/new/c.js", 200, "c")
	if err := os.Remove(filepath.Join(dir, "sub/a.js")); err != nil {
		t.Fatal(err)
	}
	want(t, a, "/sub/a.js", 404, "")
	want(t, a, "/big.bin", 200, strings.Repeat("b", maxCachedFile+1))
	testkit.WriteFile(t, filepath.Join(dir, "big.bin"), "small now")
	want(t, a, "/big.bin", 200, "small now")

	// A build that removes the whole folder and makes it again.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	want(t, a, "/", 404, "")
	testkit.WriteFile(t, filepath.Join(dir, "index.html"), "rebuilt")
	want(t, a, "/", 200, "rebuilt")
}

// All bodies in memory stay within their bound, whatever is asked for.
func TestMemoryIsCounted(t *testing.T) {
	t.Parallel()
	dir := site(t, map[string]string{"a": "12345", "b": "123"})
	a := mustOpen(t, Options{Dir: dir})
	for range 3 {
		want(t, a, "/a", 200, "12345")
		want(t, a, "/b", 200, "123")
	}
	if got := a.files.cached.Load(); got != 8 {
		t.Errorf("%d bytes counted, want 8", got)
	}
	testkit.WriteFile(t, filepath.Join(dir, "a"), "1")
	want(t, a, "/a", 200, "1")
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	want(t, a, "/b", 404, "")
	if got := a.files.cached.Load(); got != 1 {
		t.Errorf("%d bytes counted, want 1", got)
	}
}

func TestNothingOutsideIsServed(t *testing.T) {
	t.Parallel()
	top := site(t, map[string]string{"secret.txt": "secret", "secrets/s.txt": "secret", "dist/in.txt": "in", "dist/sub/x.txt": "x", "dist/.env": "dot"})
	dir := filepath.Join(top, "dist")
	for link, to := range map[string]string{
		"out.txt": "../secret.txt", "outdir": "../secrets", "abs.txt": filepath.Join(top, "secret.txt"),
		"inside.txt": "in.txt", "insidedir": "sub", "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	a := mustOpen(t, Options{Dir: dir, HTMLHandling: "none"})
	for _, path := range []string{
		"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/sub/..%2f..%2fsecret.txt", "/sub/../../secret.txt",
		"/out.txt", "/outdir/s.txt", "/abs.txt", "/loop", "/sub", "/%00", "/in.txt%00", "/in.txt/", "/in.txt/x",
	} {
		if w := get(t, a, path); w.Code != 404 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %q, want 404", path, w.Code, w.Body)
		}
	}
	want(t, a, "/inside.txt", 200, "in")
	want(t, a, "/insidedir/x.txt", 200, "x")
	want(t, a, "/.env", 200, "dot") // as on Cloudflare: an .assetsignore keeps it out

	// A file that becomes a way out is followed no more.
	want(t, a, "/in.txt", 200, "in")
	if err := os.Remove(filepath.Join(dir, "in.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret.txt", filepath.Join(dir, "in.txt")); err != nil {
		t.Fatal(err)
	}
	want(t, a, "/in.txt", 404, "")
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	big := site(t, nil)
	sparse(t, filepath.Join(big, "big.bin"), MaxFileSize+1)
	worker := site(t, map[string]string{"_worker.js": "x"})
	cases := []struct {
		opt  Options
		want string
	}{
		{Options{Dir: filepath.Join(big, "none")}, "The directory of the assets does not exist:\n" + filepath.Join(big, "none")},
		{Options{Dir: filepath.Join(big, "big.bin")}, "The directory of the assets does not exist:"},
		{Options{Dir: big, HTMLHandling: "auto"}, `assets.html_handling is "auto"; it must be auto-trailing-slash,`},
		{Options{Dir: big, NotFound: "spa"}, `assets.not_found_handling is "spa"; it must be none,`},
		{Options{Dir: big}, "Asset too large.\nCloudflare Workers supports assets with sizes of up to 25 MiB. We found a file " + filepath.Join(big, "big.bin") + " with a size of 25 MiB.\n"},
		{Options{Dir: worker}, "Uploading a Pages _worker.js file as an asset.\n"},
	}
	for _, c := range cases {
		_, err := Open(c.opt)
		var e *cferr.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Message, c.want) {
			t.Errorf("%+v: %v\nwant %s", c.opt, err, c.want)
		}
	}
	mustOpen(t, Options{Dir: worker, Pages: true})
	testkit.WriteFile(t, filepath.Join(worker, ".assetsignore"), "")
	mustOpen(t, Options{Dir: worker})
	testkit.WriteFile(t, filepath.Join(big, ".assetsignore"), "*.bin")
	mustOpen(t, Options{Dir: big})
	atLimit := site(t, nil)
	sparse(t, filepath.Join(atLimit, "ok.bin"), MaxFileSize)
	a := mustOpen(t, Options{Dir: atLimit})
	if w := get(t, a, "/ok.bin"); w.Code != 200 || w.Body.Len() != MaxFileSize {
		t.Errorf("a file of 25 MiB: %d with %d bytes", w.Code, w.Body.Len())
	}
	sparse(t, filepath.Join(atLimit, "ok.bin"), MaxFileSize+1) // grows while we serve
	want(t, a, "/ok.bin", 404, "")
}

func sparse(t *testing.T, name string, size int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentRequestsAndChanges(t *testing.T) {
	t.Parallel()
	dir := site(t, map[string]string{"a.txt": "0000", "b/index.html": "b"})
	a := mustOpen(t, Options{Dir: dir, NotFound: "404-page"})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 100 {
				if w == 0 { // the same size each time; the rename makes it whole
					testkit.WriteFile(t, filepath.Join(dir, ".tmp"), fmt.Sprintf("%04d", i))
					if err := os.Rename(filepath.Join(dir, ".tmp"), filepath.Join(dir, "a.txt")); err != nil {
						t.Error(err)
					}
				}
				if res := get(t, a, "/a.txt"); res.Code != 200 || res.Body.Len() != 4 {
					t.Errorf("%d %q", res.Code, res.Body)
				}
				want(t, a, "/b/", 200, "b")
			}
		})
	}
	wg.Wait()
	want(t, a, "/a.txt", 200, "0099")
}

func BenchmarkServe(b *testing.B) {
	dir := site(b, map[string]string{"index.html": strings.Repeat("x", 2048), "assets/app.js": strings.Repeat("y", 8192), "about.html": "a"})
	a := mustOpen(b, Options{Dir: dir})
	for _, path := range []string{"/", "/assets/app.js", "/about", "/api/v1/items"} {
		b.Run(path, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			w := &discard{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				a.Serve(w, r)
			}
		})
	}
}

type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) WriteHeader(int)             {}
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
