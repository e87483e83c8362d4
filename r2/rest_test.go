package r2

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"flint/internal/testkit"
)

type restClient struct {
	t     *testing.T
	url   string
	store *Store
}

func newREST(t *testing.T) *restClient {
	t.Helper()
	s, _ := newStore(t)
	url := testkit.Serve(t, testkit.REST(NewREST(s, slog.New(slog.DiscardHandler)).Routes))
	return &restClient{t, url + "/client/v4/accounts/acc/r2/buckets", s}
}

func (c *restClient) do(method, path, body string, header ...string) *http.Response {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// call expects an envelope and returns its result and result_info as text.
func (c *restClient) call(status, code int, method, path, body string, header ...string) (result any, info any) {
	c.t.Helper()
	resp := c.do(method, path, body, header...)
	var e struct {
		Success bool
		Result  any
		Errors  []struct{ Code int }
		Info    any `json:"result_info"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	got := 0
	if len(e.Errors) > 0 {
		got = e.Errors[0].Code
	}
	if resp.StatusCode != status || got != code || e.Success != (code == 0) {
		c.t.Fatalf("%s %s: %d %d, want %d %d", method, path, resp.StatusCode, got, status, code)
	}
	return e.Result, e.Info
}

func TestRESTBuckets(t *testing.T) {
	t.Parallel()
	c := newREST(t)
	r, _ := c.call(200, 0, "GET", "", "")
	if fmt.Sprint(r) != "map[buckets:[]]" {
		t.Errorf("no buckets: %v", r)
	}
	r, _ = c.call(200, 0, "POST", "", `{"name":"media","locationHint":"weur","storageClass":"InfrequentAccess"}`)
	want := "map[creation_date:2026-03-01T12:00:00.250Z jurisdiction:default location:weur name:media storage_class:InfrequentAccess]"
	if fmt.Sprint(r) != want {
		t.Errorf("created %v", r)
	}
	c.call(409, 10004, "POST", "", `{"name":"media"}`)
	c.call(400, 10005, "POST", "", `{"name":"Media"}`)
	c.call(400, 10029, "POST", "", `{}`)
	c.call(400, 10029, "POST", "", `{"name":"other","storageClass":"x"}`)
	c.call(404, 10006, "GET", "/other", "")
	r, _ = c.call(200, 0, "PATCH", "/media", "", "cf-r2-storage-class", "Standard")
	if sub(r, "storage_class") != "Standard" || sub(r, "location") != "weur" {
		t.Errorf("patched %v", r)
	}
	c.call(200, 0, "POST", "", `{"name":"abc"}`)
	c.call(200, 0, "POST", "", `{"name":"xyz"}`)
	r, info := c.call(200, 0, "GET", "?per_page=2", "")
	if got := fmt.Sprint(names(r)); got != "[abc media]" || sub(info, "cursor") != "media" {
		t.Errorf("page %s %v", got, info)
	}
	r, _ = c.call(200, 0, "GET", "?per_page=2&cursor=media", "")
	if got := fmt.Sprint(names(r)); got != "[xyz]" {
		t.Errorf("page %s", got)
	}
	r, _ = c.call(200, 0, "GET", "?name_contains=a&direction=desc", "")
	if got := fmt.Sprint(names(r)); got != "[media abc]" {
		t.Errorf("filtered %s", got)
	}
	c.call(400, 10029, "GET", "?per_page=x", "")
	c.call(200, 0, "PUT", "/abc/objects/k", "v")
	c.call(409, 10008, "DELETE", "/abc", "")
	c.call(200, 0, "DELETE", "/xyz", "")
	c.call(404, 10006, "DELETE", "/xyz", "")
}

func names(r any) []any {
	var out []any
	for _, b := range r.(map[string]any)["buckets"].([]any) {
		out = append(out, sub(b, "name"))
	}
	return out
}

func TestRESTObjects(t *testing.T) {
	t.Parallel()
	c := newREST(t)
	c.call(404, 10006, "PUT", "/media/objects/k", "v")
	c.call(200, 0, "POST", "", `{"name":"media"}`)
	r, _ := c.call(200, 0, "PUT", "/media/objects/a%2Fb", "hello", "Content-Type", "text/plain", "Cache-Control", "no-cache",
		"Expires", "Sun, 01 Mar 2026 12:00:00 GMT", "cf-r2-custom-metadata", `{"x":"1"}`, "cf-r2-storage-class", "InfrequentAccess")
	for name, want := range map[string]string{
		"key": "a/b", "size": "5", "etag": "5d41402abc4b2a76b9719d911017c592", "storage_class": "InfrequentAccess", "uploaded": "2026-03-01T12:00:00.250Z",
	} {
		if sub(r, name) != want {
			t.Errorf("%s: %v, want %s", name, sub(r, name), want)
		}
	}
	for _, path := range []string{"/media/objects/a%2Fb", "/media/objects/a/b"} {
		resp := c.do("GET", path, "")
		if body := text(t, resp); resp.StatusCode != 200 || body != "hello" || resp.Header.Get("Content-Type") != "text/plain" || resp.Header.Get("ETag") != `"5d41402abc4b2a76b9719d911017c592"` {
			t.Errorf("get %s: %d %q %v", path, resp.StatusCode, body, resp.Header)
		}
	}
	resp := c.do("GET", "/media/objects/a/b", "", "Range", "bytes=1-2")
	if body := text(t, resp); resp.StatusCode != 206 || body != "el" {
		t.Errorf("range: %d %q", resp.StatusCode, body)
	}
	r, _ = c.call(200, 0, "GET", "/media/objects/a/b", "", "cf-metadata-only", "true")
	want := "map[custom_metadata:map[x:1] etag:5d41402abc4b2a76b9719d911017c592 http_metadata:map[cacheControl:no-cache cacheExpiry:2026-03-01T12:00:00.000Z contentType:text/plain]" +
		" key:a/b last_modified:2026-03-01T12:00:00.250Z size:5 storage_class:InfrequentAccess]"
	if fmt.Sprint(r) != want {
		t.Errorf("metadata %v", r)
	}
	c.call(404, 10007, "GET", "/media/objects/none", "")
	c.call(416, 10039, "GET", "/media/objects/a/b", "", "Range", "bytes=9-")
	c.call(400, 10029, "PUT", "/media/objects/k", "v", "cf-r2-custom-metadata", "[]")
	for _, key := range []string{"../up", "x//y", "z/", "ü", "q?#%", "."} {
		c.call(200, 0, "PUT", "/media/objects/"+url.PathEscape(key), key)
		if got := text(t, c.do("GET", "/media/objects/"+url.PathEscape(key), "")); got != key {
			t.Errorf("key %q: %q", key, got)
		}
	}
	r, info := c.call(200, 0, "GET", "/media/objects?delimiter=/&per_page=4", "")
	if len(r.([]any)) != 2 || fmt.Sprint(sub(info, "delimited")) != "[../ a/]" || sub(info, "is_truncated") != true {
		t.Errorf("list %v %v", r, info)
	}
	_, info = c.call(200, 0, "GET", "/media/objects?prefix=none", "")
	if fmt.Sprint(info) != "map[delimited:[] is_truncated:false per_page:1000]" {
		t.Errorf("empty list %v", info)
	}
	c.call(200, 0, "DELETE", "/media/objects/a%2Fb", "")
	c.call(404, 10007, "GET", "/media/objects/a%2Fb", "")
	c.call(400, 10029, "DELETE", "/media/objects", "[]")
	c.call(200, 0, "DELETE", "/media/objects", `["../up","x//y","z/","ü","q?#%","."]`)
	c.call(200, 0, "DELETE", "/media", "")
}
