package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/intercept"
	"flint/internal/testkit"
)

// worker speaks to the binding as workerd does: HTTP/1.1 over a unix socket.
type worker struct {
	t      testing.TB
	client *http.Client
	store  *Store
	clock  *clock.Virtual
	chain  *intercept.Chain
	logged *bytes.Buffer
}

func startBinding(t testing.TB) *worker {
	t.Helper()
	dir := t.TempDir()
	w := &worker{t: t, chain: &intercept.Chain{}, logged: &bytes.Buffer{}}
	w.store, w.clock = openStore(t, dir)
	binding := NewBinding(w.store, w.chain, slog.New(slog.NewTextHandler(w.logged, nil)))
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			_, id, _ := strings.Cut(r.Header.Get("X-Flint-Binding"), "/")
			binding.ServeBinding(rw, r, id)
		}),
	}}
	server.Start()
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
		DisableCompression: true,
	}
	w.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return w
}

// answer is a reply with its body.
type answer struct {
	status string // "400 reason"
	header http.Header
	body   string
}

// call sends a request; target is the path and query exactly as on the wire.
func (w *worker) call(method, target string, body io.Reader, header ...string) answer {
	w.t.Helper()
	req, err := http.NewRequest(method, "http://fake-host"+target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("X-Flint-Binding", "kv/ns1")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.Status, resp.Header, string(got)}
}

func (w *worker) want(a answer, status, body string) {
	w.t.Helper()
	if a.status != status || strings.TrimSpace(a.body) != body {
		w.t.Errorf("got %q %q, want %q %q", a.status, a.body, status, body)
	}
}

// keyPath is the path and query of a key as the runtime writes them.
func keyPath(key string) string { return "/" + url.PathEscape(key) + "?urlencoded=true" }

func TestBindingPutAndGet(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	for i, key := range []string{"a", "a/b", "a%2Fb", "a b+c", "?q#f", "é☃💩", "...", "a//b", "/", "%", "bulk/get", "\n", ";=:@"} {
		value := fmt.Sprint("value ", i)
		w.want(w.call("PUT", keyPath(key), strings.NewReader(value)), "200 OK", "")
		w.want(w.call("GET", keyPath(key), nil), "200 OK", value)
		if got := get(t, namespace(t, w.store, "ns1"), key); got != value {
			t.Errorf("key %q was stored as another one: %q", key, got)
		}
		w.want(w.call("DELETE", keyPath(key), nil), "200 OK", "")
		w.want(w.call("GET", keyPath(key), nil), "404 Not Found", "")
	}
	w.want(w.call("PUT", keyPath("empty"), nil), "200 OK", "")
	w.want(w.call("GET", keyPath("empty"), nil), "200 OK", "")
}

func TestBindingMetadataAndExpiry(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	meta := `{"é☃":[1,"<b>&"]}`
	w.want(w.call("PUT", keyPath("k")+"&expiration=1&expiration_ttl=60", strings.NewReader("v"), "CF-KV-Metadata", meta), "200 OK", "")
	a := w.call("GET", keyPath("k")+"&cache_ttl=30", nil)
	w.want(a, "200 OK", "v")
	if got := a.header.Get("CF-KV-Metadata"); got != meta {
		t.Errorf("metadata %q", got)
	}
	if got := a.header.Get("CF-Expiration"); got != "1800000060" {
		t.Errorf("expiration %q", got)
	}
	w.want(w.call("GET", "/", nil), "200 OK",
		`{"keys":[{"name":"k","expiration":1800000060,"metadata":"{\"é☃\":[1,\"<b>&\"]}"}],"list_complete":true,"cacheStatus":null}`)
	testkit.Advance(t, w.clock, time.Minute)
	w.want(w.call("GET", keyPath("k"), nil), "404 Not Found", "")
}

func TestBindingStreamsBodiesOfUnknownLength(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	value := strings.Repeat("chunk", 50_000)
	w.want(w.call("PUT", keyPath("k"), io.MultiReader(strings.NewReader(value))), "200 OK", "")
	if a := w.call("GET", keyPath("k"), nil); a.body != value || a.header.Get("Content-Length") != "250000" {
		t.Errorf("got %d bytes, length %q", len(a.body), a.header.Get("Content-Length"))
	}
	long := bytes.NewReader(make([]byte, MaxValueBytes+1))
	text := "Value length of 26214401 exceeds limit of 26214400."
	w.want(w.call("PUT", keyPath("k"), io.MultiReader(long)), "413 "+text, text)
	long.Reset(make([]byte, MaxValueBytes+1))
	w.want(w.call("PUT", keyPath("k"), long), "413 "+text, text)
	if got := w.call("GET", keyPath("k"), nil); got.body != value {
		t.Error("a refused put changed the value")
	}
}

func TestBindingErrors(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	put(t, namespace(t, w.store, "ns1"), "text", "not json", PutOptions{})
	for _, c := range []struct{ method, target, body, status string }{
		{"GET", keyPath("k") + "&cache_ttl=29", "", "400 Invalid cache_ttl of 29. Cache TTL must be at least 30."},
		{"GET", keyPath("k") + "&cache_ttl=x", "", "400 Invalid cache_ttl of NaN. Cache TTL must be at least 30."},
		{"GET", keyPath(strings.Repeat("k", 513)), "", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"GET", "/%2E?urlencoded=true", "", `400 Illegal key name ".". Please use a different name.`},
		{"PUT", "/?urlencoded=true", "", "400 Key names must not be empty"},
		{"PUT", keyPath("k") + "&expiration_ttl=0", "v", "400 Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		{"PUT", keyPath("k") + "&expiration_ttl=x", "v", "400 Invalid expiration_ttl of x. Please specify integer greater than 0."},
		{"PUT", keyPath("k") + "&expiration_ttl=59", "v", "400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
		{"PUT", keyPath("k") + "&expiration=x", "v", "400 Invalid expiration of x. Please specify integer greater than the current number of seconds since the UNIX epoch."},
		{"PUT", keyPath("k") + "&expiration=1800000000", "v", "400 Invalid expiration of 1800000000. Please specify integer greater than the current number of seconds since the UNIX epoch."},
		{"PUT", keyPath("k") + "&expiration=1800000059", "v", "400 Invalid expiration of 1800000059. Expiration times must be at least 60 seconds in the future."},
		{"GET", "/?key_count_limit=1001", "", "400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."},
		{"GET", "/?key_count_limit=0", "", "400 Invalid key_count_limit of 0. Please specify an integer greater than 0."},
		{"GET", "/?key_count_limit=x", "", "400 Invalid key_count_limit of NaN. Please specify an integer greater than 0."},
		{"GET", "/?cursor=%25", "", "400 Invalid cursor. Use the cursor that the previous list answered with."},
		{"POST", "/bulk/get", `{"keys":[]}`, "400 You must request a minimum of 1 key"},
		{"POST", "/bulk/get", `{"keys":["a"],"type":"stream"}`, `400 "stream" is not a valid type. Use "json" or "text"`},
		{"POST", "/bulk/get", `{"keys":["a"],"cacheTtl":"10"}`, "400 Invalid cache_ttl of 10. Cache TTL must be at least 30."},
		{"POST", "/bulk/get", `{"keys":["text"],"type":"json"}`, "400 At least one of the requested keys corresponds to a non-json value"},
		{"POST", "/bulk/delete", `[]`, "501 flint does not serve the KV call POST /bulk/delete yet"},
	} {
		a := w.call(c.method, c.target, strings.NewReader(c.body))
		w.want(a, c.status, c.status[4:])
	}
	a := w.call("POST", "/bulk/get", strings.NewReader("{"))
	if !strings.HasPrefix(a.status, "400 The body is not what this call takes") {
		t.Errorf("broken body: %q", a.status)
	}
	if w.logged.Len() != 0 {
		t.Errorf("errors of the user were logged: %s", w.logged)
	}
}

func TestBindingList(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	for _, key := range []string{"a", "b1", "b2", "b3"} {
		w.want(w.call("PUT", keyPath(key), strings.NewReader("v")), "200 OK", "")
	}
	w.want(w.call("GET", "/?key_count_limit=2&prefix=b", nil), "200 OK",
		`{"keys":[{"name":"b1"},{"name":"b2"}],"list_complete":false,"cursor":"YjI=","cacheStatus":null}`)
	w.want(w.call("GET", "/?key_count_limit=2&prefix=b&cursor=YjI%3D", nil), "200 OK",
		`{"keys":[{"name":"b3"}],"list_complete":true,"cacheStatus":null}`)
	w.want(w.call("GET", "/?prefix=z", nil), "200 OK", `{"keys":[],"list_complete":true,"cacheStatus":null}`)
}

func TestBindingBulkGet(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	w.want(w.call("PUT", keyPath("j"), strings.NewReader(`{"x": "<"}`), "CF-KV-Metadata", `{"m":1}`), "200 OK", "")
	w.want(w.call("PUT", keyPath("n"), strings.NewReader("1")), "200 OK", "")
	for _, c := range []struct{ question, answer string }{
		{`{"keys":["j","gone","n","j"]}`, `{"j":"{\"x\": \"<\"}","gone":null,"n":"1"}`},
		{`{"keys":["j","gone"],"type":"json"}`, `{"j":{"x":"<"},"gone":null}`},
		{
			`{"keys":["j","gone","n"],"type":"json","withMetadata":true,"cacheTtl":"60"}`,
			`{"j":{"value":{"x":"<"},"metadata":{"m":1}},"gone":null,"n":{"value":1,"metadata":null}}`,
		},
	} {
		w.want(w.call("POST", "/bulk/get", strings.NewReader(c.question)), "200 OK", c.answer)
	}
}

func TestBindingPassesTheInterceptor(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	var seen []string
	w.chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		if op.Key == "faulty" {
			return cferr.New(429, 0, "KV rate limit")
		}
		if op.Key == "broken" {
			return errors.New("disk on fire")
		}
		err := next(ctx)
		seen = append(seen, fmt.Sprint(op.Service, " ", op.Resource, " ", op.Action, " ", op.Key, " ", op.Bytes, " ", op.Rows))
		return err
	})
	w.call("PUT", keyPath("k"), io.MultiReader(strings.NewReader("12345")))
	w.call("GET", keyPath("k"), nil)
	w.call("GET", "/?prefix=k", nil)
	w.call("POST", "/bulk/get", strings.NewReader(`{"keys":["k","x"]}`))
	w.call("DELETE", keyPath("k"), nil)
	got, _ := json.Marshal(seen)
	want := `["kv ns1 put k 5 0","kv ns1 get k 5 0","kv ns1 list k 0 1","kv ns1 get_bulk  5 2","kv ns1 delete k 0 0"]`
	if string(got) != want {
		t.Errorf("saw %s", got)
	}
	w.want(w.call("GET", keyPath("faulty"), nil), "429 KV rate limit", "KV rate limit")
	internal := cferr.Internal.Message
	w.want(w.call("PUT", keyPath("broken"), strings.NewReader("v")), "500 "+internal, internal)
	if !strings.Contains(w.logged.String(), "disk on fire") {
		t.Errorf("an internal error was not logged: %q", w.logged)
	}
}

// BenchmarkBinding is one call over the socket without workerd.
func BenchmarkBinding(b *testing.B) {
	w := startBinding(b)
	w.call("PUT", keyPath("k"), strings.NewReader("hello world"))
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			w.call("GET", keyPath("k"), nil)
		}
	})
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			w.call("PUT", keyPath("k"), strings.NewReader("hello world"))
		}
	})
}
