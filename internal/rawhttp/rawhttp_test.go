package rawhttp

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// serve sends a request to a server that answers with WriteStatus and returns the
// response.
func serve(t *testing.T, method string, body io.Reader, status int, reason string, header http.Header, reply string) (*http.Response, string) {
	t.Helper()
	failed := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		failed <- WriteStatus(w, r, status, reason, header, []byte(reply))
	}))
	t.Cleanup(server.Close)
	req, err := http.NewRequest(method, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatalf("WriteStatus: %v", err)
	}
	return resp, string(got)
}

func TestWriteStatusSendsTheReason(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Code": {"7"}, "Content-Length": {"999"}, "Connection": {"keep-alive"}}
	resp, body := serve(t, "GET", nil, 400, "Invalid cache_ttl of 10.", header, "sorry")
	if resp.Status != "400 Invalid cache_ttl of 10." {
		t.Errorf("status line %q", resp.Status)
	}
	if body != "sorry" || resp.ContentLength != 5 {
		t.Errorf("body %q of length %d", body, resp.ContentLength)
	}
	if resp.Header.Get("X-Code") != "7" {
		t.Errorf("header lost: %v", resp.Header)
	}
	if !resp.Close {
		t.Error("the connection stays open")
	}
}

func TestWriteStatusDrainsTheRequest(t *testing.T) {
	t.Parallel()
	upload := bytes.NewReader(make([]byte, 40<<20)) // more than any socket buffer holds
	resp, _ := serve(t, "PUT", upload, 413, "Value length of 41943040 exceeds limit of 26214400.", nil, "")
	if resp.Status != "413 Value length of 41943040 exceeds limit of 26214400." {
		t.Errorf("status line %q", resp.Status)
	}
}

func TestWriteStatusCannotBeSplit(t *testing.T) {
	t.Parallel()
	resp, body := serve(t, "GET", nil, 400, "bad\r\nX-Evil: 1\r\n\r\nhello", nil, "body")
	if resp.Header.Get("X-Evil") != "" || body != "body" {
		t.Errorf("the reason phrase reached the headers: %v %q", resp.Header, body)
	}
}

func TestWriteStatusWithoutABody(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method string
		status int
	}{{"HEAD", 404}, {"GET", 204}, {"GET", 304}} {
		resp, body := serve(t, c.method, nil, c.status, "Because", nil, "never sent")
		if body != "" || !strings.HasSuffix(resp.Status, "Because") {
			t.Errorf("%s %d: %q with body %q", c.method, c.status, resp.Status, body)
		}
	}
}

func TestWriteStatusFallsBackWithoutHijack(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("PUT", "/", strings.NewReader("x"))
	if err := WriteStatus(w, r, 413, "Too much", http.Header{"X-Code": {"7"}}, []byte("sorry")); err != nil {
		t.Fatal(err)
	}
	if w.Code != 413 || w.Body.String() != "sorry" || w.Header().Get("X-Code") != "7" {
		t.Errorf("got %d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", "Bad Request"},
		{"a\tb\x00c\x7fd", "a b c d"},
		{"clé “x”", "clé “x”"},
		{"\xff!", "\uFFFD!"},
	} {
		if got := Reason(400, c.in); got != c.want {
			t.Errorf("Reason(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	long := Reason(400, strings.Repeat("é", MaxReason))
	if len(long) > MaxReason || !utf8.ValidString(long) {
		t.Errorf("a long reason became %d bytes", len(long))
	}
	cutInCharacter := Reason(400, "x"+strings.Repeat("é", MaxReason))
	if len(cutInCharacter) != MaxReason-1 || !utf8.ValidString(cutInCharacter) {
		t.Errorf("cut inside a character: %d bytes", len(cutInCharacter))
	}
}
