package kv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/internal/testkit"
)

type restClient struct {
	t     *testing.T
	h     http.Handler
	store *Store
}

func startREST(t *testing.T) *restClient {
	t.Helper()
	s, _ := openStore(t, t.TempDir())
	s.Declare("ns1", "CACHE")
	return &restClient{t, testkit.REST(NewREST(s, slog.New(slog.DiscardHandler)).Routes), s}
}

func (c *restClient) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	return testkit.Call(c.h, method, "/client/v4/accounts/acc/storage/kv/namespaces"+path, body, header...)
}

// ok wants success with this result and result_info (empty for none).
func (c *restClient) ok(w *httptest.ResponseRecorder, result, info string) {
	c.t.Helper()
	if info != "" {
		info = `,"result_info":` + info
	}
	want := `{"result":` + result + `,"success":true,"errors":[],"messages":[]` + info + `}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
		c.t.Errorf("got %d %s\nwant %s", w.Code, got, want)
	}
}

func (c *restClient) fails(w *httptest.ResponseRecorder, status, code int, message string) {
	c.t.Helper()
	text, _ := json.Marshal(message)
	want := fmt.Sprintf(`{"result":null,"success":false,"errors":[{"code":%d,"message":%s}],"messages":[]}`, code, text)
	if got := strings.TrimSpace(w.Body.String()); w.Code != status || got != want {
		c.t.Errorf("got %d %s\nwant %d %s", w.Code, got, status, want)
	}
}

func TestRESTValues(t *testing.T) {
	t.Parallel()
	c := startREST(t)
	for _, key := range []string{"plain", "a%2Fb", "a%20b%3F", "%252F", "a%2F..%2Fb", "%C3%A9"} {
		c.ok(c.do("PUT", "/ns1/values/"+key, "value of "+key), `{}`, "")
		w := c.do("GET", "/ns1/values/"+key, "")
		if w.Code != 200 || w.Body.String() != "value of "+key || w.Header().Get("Expiration") != "" {
			t.Errorf("%s: %d %q %v", key, w.Code, w.Body, w.Header())
		}
	}
	if got := get(t, namespace(t, c.store, "ns1"), "a/b"); got != "value of a%2Fb" {
		t.Errorf("a/b is %q", got)
	}
	c.ok(c.do("PUT", "/ns1/values/t?expiration_ttl=60", "v"), `{}`, "")
	if got := c.do("GET", "/ns1/values/t", "").Header().Get("Expiration"); got != "1800000060" {
		t.Errorf("expiration header %q", got)
	}
	c.ok(c.do("DELETE", "/ns1/values/a%2Fb", ""), `{}`, "")
	c.ok(c.do("DELETE", "/ns1/values/a%2Fb", ""), `{}`, "")
	c.fails(c.do("GET", "/ns1/values/a%2Fb", ""), 404, 10009, "get: 'key not found'")
	c.fails(c.do("GET", "/ns1/metadata/a%2Fb", ""), 404, 10009, "get metadata: 'key not found'")
	c.fails(c.do("PUT", "/ns1/values/k?expiration_ttl=30", "v"), 400, 10033, "put: 'Invalid expiration_ttl of 30. Expiration TTL must be at least 60.'")
	c.fails(c.do("PUT", "/ns1/values/"+strings.Repeat("k", 513), "v"), 414, 10047, "put: 'UTF-8 encoded length of 513 exceeds key length limit of 512.'")
	c.fails(c.do("GET", "/other/values/k", ""), 404, 10013, "get: 'namespace not found'")
	c.fails(c.do("PUT", "/other/values/k", "v"), 404, 10013, "put: 'namespace not found'")
}

func form(t *testing.T, fields ...string) (body, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	f := multipart.NewWriter(&buf)
	for i := 0; i < len(fields); i += 2 {
		part, err := f.CreateFormFile(fields[i], "blob")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, fields[i+1])
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String(), f.FormDataContentType()
}

func TestRESTForm(t *testing.T) {
	t.Parallel()
	c := startREST(t)
	put := func(fields ...string) *httptest.ResponseRecorder {
		body, kind := form(t, fields...)
		return c.do("PUT", "/ns1/values/k?expiration=1800000100", body, "Content-Type", kind)
	}
	c.ok(put("metadata", `{"a": 1}`, "value", "v\x00v"), `{}`, "")
	if got := c.do("GET", "/ns1/values/k", "").Body.String(); got != "v\x00v" {
		t.Errorf("value %q", got)
	}
	c.ok(c.do("GET", "/ns1/metadata/k", ""), `{"a":1}`, "")
	c.ok(c.do("GET", "/ns1/keys", ""), `[{"name":"k","expiration":1800000100,"metadata":{"a":1}}]`, `{"count":1,"cursor":""}`)
	c.ok(put("value", "", "metadata", "null"), `{}`, "")
	c.ok(c.do("GET", "/ns1/metadata/k", ""), `null`, "")
	c.fails(put("metadata", `{}`), 400, 10033, `put: 'The form has no field "value"'`)
	c.fails(put("value", "v", "metadata", `{`), 400, 10033, "put: 'Metadata is not valid JSON.'")
	c.fails(put("value", "v", "metadata", string(jsonString(1025))), 413, 10047, "put: 'Metadata length of 1025 exceeds limit of 1024.'")
	c.fails(put("value", string(make([]byte, MaxValueBytes+1))), 413, 10047, "put: 'Value length of 26214401 exceeds limit of 26214400.'")
	c.fails(c.do("PUT", "/ns1/values/k", "junk", "Content-Type", "multipart/form-data; boundary=x"), 400, 10033, "put: 'The form cannot be read: multipart: NextPart: EOF'")
}

func TestRESTBulk(t *testing.T) {
	t.Parallel()
	c := startREST(t)
	c.ok(c.do("PUT", "/ns1/bulk", `[{"key":"a","value":"1","metadata":{"m": 1},"expiration_ttl":60},{"key":"b","value":"aGk=","base64":true},{"key":"c","value":""}]`),
		`{"successful_key_count":3,"unsuccessful_keys":[]}`, "")
	c.ok(c.do("POST", "/ns1/bulk/get", `{"keys":["a","b","x"]}`), `{"values":{"a":"1","b":"hi","x":null}}`, "")
	c.ok(c.do("POST", "/ns1/bulk/get", `{"keys":["a","x"],"type":"json","withMetadata":true}`),
		`{"values":{"a":{"expiration":1800000060,"metadata":{"m":1},"value":1},"x":null}}`, "")
	c.ok(c.do("DELETE", "/ns1/bulk", `["a","x"]`), `{"successful_key_count":2,"unsuccessful_keys":[]}`, "")
	c.ok(c.do("POST", "/ns1/bulk/delete", `["b"]`), `{"successful_key_count":1,"unsuccessful_keys":[]}`, "")
	c.ok(c.do("GET", "/ns1/keys", ""), `[{"name":"c"}]`, `{"count":1,"cursor":""}`)
	for _, bad := range []struct{ body, message string }{
		{`[{"key":"d"}]`, "Every pair needs a key and a value"},
		{`[{"key":"d","value":"?","base64":true}]`, `The value of "d" is not base64`},
		{`[{"key":"d","value":"v"},{"key":"","value":"v"}]`, "Key names must not be empty"},
		{`[{"key":"d","value":"v","expiration_ttl":1}]`, "Invalid expiration_ttl of 1. Expiration TTL must be at least 60."},
		{`{`, "The body is not what this call takes: unexpected end of JSON input"},
	} {
		c.fails(c.do("PUT", "/ns1/bulk", bad.body), 400, 10033, "bulk put: '"+bad.message+"'")
	}
	c.fails(c.do("POST", "/ns1/bulk/get", `{"keys":["c"],"type":"json"}`), 400, 10033, "bulk get keys: 'At least one of the requested keys corresponds to a non-json value'")
	c.ok(c.do("GET", "/ns1/keys", ""), `[{"name":"c"}]`, `{"count":1,"cursor":""}`)
}

func TestRESTKeys(t *testing.T) {
	t.Parallel()
	c := startREST(t)
	n := namespace(t, c.store, "ns1")
	for i := range 12 {
		put(t, n, fmt.Sprintf("k%02d", i), "v", PutOptions{})
	}
	w := c.do("GET", "/ns1/keys?limit=10&prefix=k", "")
	if !strings.Contains(w.Body.String(), `"result_info":{"count":10,"cursor":"azA5"}`) {
		t.Errorf("first page: %s", w.Body)
	}
	c.ok(c.do("GET", "/ns1/keys?limit=10&prefix=k&cursor=azA5", ""), `[{"name":"k10"},{"name":"k11"}]`, `{"count":2,"cursor":""}`)
	c.ok(c.do("GET", "/ns1/keys?prefix=z", ""), `[]`, `{"count":0,"cursor":""}`)
	c.fails(c.do("GET", "/ns1/keys?limit=9", ""), 400, 10033, "list keys: 'Invalid limit of 9. Please specify an integer of at least 10.'")
	c.fails(c.do("GET", "/ns1/keys?limit=1001", ""), 400, 10033, "list keys: 'Invalid key_count_limit of 1001. Please specify an integer less than 1000.'")
}

func TestRESTNamespaces(t *testing.T) {
	t.Parallel()
	c := startREST(t)
	var made struct {
		Result namespaceInfo `json:"result"`
	}
	w := c.do("POST", "", `{"title":"made"}`)
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || len(made.Result.ID) != 32 {
		t.Fatalf("created %s, %v", w.Body, err)
	}
	id := made.Result.ID
	shown := func(title string) string {
		return `{"id":"` + id + `","title":"` + title + `","supports_url_encoding":true}`
	}
	const cache = `{"id":"ns1","title":"CACHE","supports_url_encoding":true}`
	c.ok(w, shown("made"), "")
	c.ok(c.do("PUT", "/"+id+"/values/k", "v"), `{}`, "")
	c.fails(c.do("POST", "", `{"title":"made"}`), 400, 10014, "create namespace: 'A namespace with this account ID and title already exists'")
	c.fails(c.do("POST", "", `{}`), 400, 10019, "create namespace: 'A namespace title is required'")
	c.ok(c.do("PUT", "/"+id, `{"title":"renamed"}`), shown("renamed"), "")
	c.ok(c.do("GET", "/"+id, ""), shown("renamed"), "")
	c.ok(c.do("GET", "?order=title&direction=desc", ""), "["+shown("renamed")+","+cache+"]",
		`{"count":2,"page":1,"per_page":20,"total_count":2,"total_pages":1}`)
	c.ok(c.do("GET", "?order=title&per_page=1&page=2", ""), "["+shown("renamed")+"]",
		`{"count":1,"page":2,"per_page":1,"total_count":2,"total_pages":2}`)
	c.fails(c.do("GET", "?per_page=101", ""), 400, 10033, "list namespaces: 'Invalid per_page of 101. Please specify an integer from 1 to 100.'")
	c.ok(c.do("DELETE", "/"+id, ""), `{}`, "")
	c.fails(c.do("DELETE", "/"+id, ""), 404, 10013, "remove namespace: 'namespace not found'")
	c.fails(c.do("GET", "/"+id+"/values/k", ""), 404, 10013, "get: 'namespace not found'")
	c.ok(c.do("GET", "", ""), "["+cache+"]", `{"count":1,"page":1,"per_page":20,"total_count":1,"total_pages":1}`)
}

func TestCatalogSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	s.Declare("declared", "ONE")
	made, err := s.Create(ctx, "made")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rename(ctx, "declared", "renamed"); err != nil {
		t.Fatal(err)
	}
	put(t, namespace(t, s, "used"), "k", "v", PutOptions{})
	n := namespace(t, s, made.ID)
	put(t, n, "k", "v", PutOptions{})

	again := openAt(t, crash(t, dir), c)
	again.Declare("declared", "ONE")
	want := map[string]string{"declared": "renamed", "used": "used", made.ID: "made"}
	all, err := again.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if want[i.ID] != i.Title {
			t.Errorf("found %+v", i)
		}
		delete(want, i.ID)
	}
	if len(want) != 0 {
		t.Errorf("not found: %v", want)
	}
	if err := again.Delete(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if got := get(t, namespace(t, again, made.ID), "k"); got != "-" {
		t.Errorf("a deleted namespace still holds %q", got)
	}
	if err := s.Delete(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	if err := n.Put(ctx, "k", nil, PutOptions{}); err == nil {
		t.Error("a deleted namespace took a write")
	}
}
