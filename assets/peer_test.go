package assets

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/testkit"
)

// peerCase is one folder with what Cloudflare's open-source asset server
// answers for it. testdata/peer.jsonl was recorded from that server; a file's
// content is its own path.
type peerCase struct {
	Files     []string
	HTML      string
	NotFound  string
	Date      string // compatibility date
	Headers   string // _headers
	Redirects string // _redirects
	Problems  []string
	Requests  []peerRequest
}

type peerRequest struct {
	URL, Method string
	Headers     map[string]string
	Status      int
	Asked       bool // whether the router lets the assets answer and not the Worker
	Location    string
	File        string
	WantHeaders map[string]string
}

func TestAgreesWithThePeer(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/peer.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var c peerCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		n += runPeerCase(t, c)
	}
	if lines.Err() != nil || n < 2000 {
		t.Fatalf("only %d requests were compared (%v)", n, lines.Err())
	}
}

func runPeerCase(t *testing.T, c peerCase) (compared int) {
	dir := t.TempDir()
	for _, name := range c.Files {
		testkit.WriteFile(t, filepath.Join(dir, name), name)
	}
	if c.Headers != "" {
		testkit.WriteFile(t, filepath.Join(dir, "_headers"), c.Headers)
	}
	if c.Redirects != "" {
		testkit.WriteFile(t, filepath.Join(dir, "_redirects"), c.Redirects)
	}
	log := &warnings{}
	a, err := Open(Options{
		Dir: dir, HTMLHandling: c.HTML, NotFound: c.NotFound, Log: slog.New(log),
		NavigationPrefersAssets: c.Date != "2025-03-31",
	})
	if err != nil {
		t.Fatal(err)
	}
	// What the peer drops in silence is said too.
	got := slices.DeleteFunc(log.problems(), func(p string) bool { return strings.HasPrefix(p, "the placeholder") })
	if !slices.Equal(got, c.Problems) {
		t.Errorf("problems %q\nwant %q", got, c.Problems)
	}
	for _, q := range c.Requests {
		r := peerHTTPRequest(t, q)
		if r == nil {
			continue
		}
		w := httptest.NewRecorder()
		if served := a.Serve(w, r); served != q.Asked {
			t.Errorf("%s %s of %v (%s, %s): served = %v, want %v", q.Method, q.URL, c.Files, c.HTML, c.NotFound, served, q.Asked)
		}
		w = httptest.NewRecorder()
		a.ServeHTTP(w, r)
		comparePeer(t, c, q, w)
		compared++
	}
	return compared
}

// peerHTTPRequest is nil for a path that Go's HTTP server refuses with a 400.
func peerHTTPRequest(t *testing.T, q peerRequest) *http.Request {
	full := q.URL
	if strings.HasPrefix(full, "/") {
		full = "http://h.test" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if q.Method != "" {
		r.Method = q.Method
	}
	r.URL, r.Host = u, u.Host
	for k, v := range q.Headers {
		r.Header.Set(k, v)
	}
	return r
}

func comparePeer(t *testing.T, c peerCase, q peerRequest, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	if w.Code != q.Status || w.Header().Get("Location") != q.Location || body != q.File {
		t.Errorf("%s %s of %v (%s, %s):\n got %d %q %q\nwant %d %q %q", q.Method, q.URL, c.Files, c.HTML, c.NotFound,
			w.Code, w.Header().Get("Location"), body, q.Status, q.Location, q.File)
	}
	if c.Headers == "" {
		return
	}
	got := map[string]string{}
	for k, v := range w.Header() {
		switch k {
		case "Etag", "Location", "Cf-Cache-Status", "Content-Length":
		case "Content-Type": // the recording has none
		default:
			got[strings.ToLower(k)] = strings.Join(v, ", ")
		}
	}
	for k, v := range q.WantHeaders {
		if got[k] != v {
			t.Errorf("%s: header %s is %q, want %q", q.URL, k, got[k], v)
		}
		delete(got, k)
	}
	if len(got) > 0 {
		t.Errorf("%s: headers %v are too many", q.URL, got)
	}
}

// age makes a file look as old as most files are.
func age(t testing.TB, name string, by time.Duration) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	then := info.ModTime().Add(-by)
	if err := os.Chtimes(name, then, then); err != nil {
		t.Fatal(err)
	}
}
