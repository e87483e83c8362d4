package emulator_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// kvWorker does with KV what the path says and answers with what it sees.
const kvWorker = `export default { async fetch(r, env) {
  const [, binding, method, ...args] = new URL(r.url).pathname.split("/").map(decodeURIComponent)
  try {
    const result = await env[binding][method](...args.map((a) => JSON.parse(a)))
    return Response.json(result instanceof Map ? Object.fromEntries(result) : result ?? null)
  } catch (e) { return new Response(e.message) }
} }`

const kvBindings = `
[[kv_namespaces]]
binding = "KV"
id = "0123456789abcdef0123456789abcdef"
[[kv_namespaces]]
binding = "OTHER"
id = "other"
`

func runKV(t *testing.T, flint string) app {
	t.Helper()
	return run(t, kvWorker, kvBindings, map[string]string{"flint.toml": flint})
}

// kv calls a method; args are JSON.
func (a app) kv(want, binding, method string, args ...string) {
	a.t.Helper()
	path := "/" + binding + "/" + method
	for _, arg := range args {
		path += "/" + url.PathEscape(arg)
	}
	if got := a.text(path, 200); got != want {
		a.t.Errorf("%s.%s(%s) = %s, want %s", binding, method, strings.Join(args, ", "), got, want)
	}
}

func (a app) advance(d time.Duration) {
	a.t.Helper()
	if err := a.e.Advance(a.t.Context(), d); err != nil {
		a.t.Fatal(err)
	}
}

func TestEventualKVAndWriteLimit(t *testing.T) {
	t.Parallel()
	a := runKV(t, "[kv]\nwrite_limit = true\n[[kv.namespaces]]\nid = \"KV\"\nconsistency = \"eventual\"\n")
	a.kv(`null`, "KV", "get", `"k"`)
	a.kv(`null`, "KV", "put", `"k"`, `"1"`, `{"metadata":{"v":1}}`)
	a.kv(`KV PUT failed: 429 Too Many Requests`, "KV", "put", `"k"`, `"2"`)
	a.kv(`{"value":null,"metadata":null,"cacheStatus":"HIT"}`, "KV", "getWithMetadata", `"k"`)
	a.kv(`{"k":null}`, "KV", "get", `["k"]`)
	a.kv(`{"keys":[{"name":"k","metadata":{"v":1}}],"list_complete":true,"cacheStatus":"MISS"}`, "KV", "list")
	a.advance(time.Minute)
	a.kv(`{"value":"1","metadata":{"v":1},"cacheStatus":"MISS"}`, "KV", "getWithMetadata", `"k"`, `{"cacheTtl":120}`)
	a.kv(`null`, "KV", "put", `"k"`, `"3"`)
	a.kv(`null`, "KV", "delete", `"k"`)
	a.kv(`{"value":"1","metadata":{"v":1},"cacheStatus":"HIT"}`, "KV", "getWithMetadata", `"k"`, `{"cacheTtl":120}`)
	a.advance(2 * time.Minute)
	a.kv(`{"value":null,"metadata":null,"cacheStatus":"MISS"}`, "KV", "getWithMetadata", `"k"`, `{"cacheTtl":120}`)
	// The other namespace is immediate, and limited.
	a.kv(`null`, "OTHER", "get", `"k"`)
	a.kv(`null`, "OTHER", "put", `"k"`, `"1"`)
	a.kv(`{"value":"1","metadata":null,"cacheStatus":null}`, "OTHER", "getWithMetadata", `"k"`)
	a.kv(`KV PUT failed: 429 Too Many Requests`, "OTHER", "put", `"k"`, `"2"`)
}

func TestKVInRedis(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t, "--requirepass", "s3cret")
	a := runKV(t, fmt.Sprintf("[kv]\ndriver = \"redis://:s3cret@%s\"\n", server.Addr))
	a.kv(`null`, "KV", "put", `"a/% é"`, `"1"`, `{"metadata":{"v":1},"expirationTtl":60}`)
	a.kv(`{"value":"1","metadata":{"v":1},"cacheStatus":null}`, "KV", "getWithMetadata", `"a/% é"`)
	a.advance(time.Minute)
	a.kv(`null`, "KV", "get", `"a/% é"`)
	a.kv(`{"keys":[],"list_complete":true,"cacheStatus":null}`, "KV", "list")
	a.kv(`null`, "OTHER", "put", `"k"`, `"v"`)

	server.Stop()
	lost := fmt.Sprintf("failed: 503 KV cannot reach Redis at %s (connection refused). Start it, or change [kv] driver in flint.toml.", server.Addr)
	a.kv("KV GET "+lost, "OTHER", "get", `"k"`)
	a.kv("KV PUT "+lost, "OTHER", "put", `"k"`, `"w"`)
	a.kv("KV GET_BULK "+lost, "OTHER", "get", `["k"]`)
	if body := a.control("GET", "/storage/kv/namespaces", 503); !strings.Contains(body, server.Addr) || strings.Contains(body, "s3cret") {
		t.Errorf("REST says %s", body)
	}
	server.Start(t)
	a.kv(`"v"`, "OTHER", "get", `"k"`)

	if body := a.control("GET", "/storage/kv/namespaces", 200); !strings.Contains(body, `"id":"other","title":"OTHER"`) {
		t.Errorf("REST lists %s", body)
	}
	a.control("DELETE", "/storage/kv/namespaces/other", 200)
	a.kv(`null`, "OTHER", "get", `"k"`)
}

// control calls Cloudflare's REST API.
func (a app) control(method, path string, status int) string {
	a.t.Helper()
	req, err := http.NewRequest(method, a.e.Run().Control+"/client/v4/accounts/x"+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	var body []byte
	a.send(req, &body, status)
	return string(body)
}

func TestKVInEmbeddedRedis(t *testing.T) {
	t.Parallel()
	a := runKV(t, "[kv]\ndriver = \"redis://embedded\"\n")
	a.kv(`null`, "KV", "put", `"k"`, `"1"`, `{"expirationTtl":60}`)
	a.kv(`"1"`, "KV", "get", `"k"`)
	a.advance(time.Minute)
	a.kv(`null`, "KV", "get", `"k"`)
}

// A driver that cannot be used is a mistake in the configuration, told without
// the password.
func TestUnusableKVDriver(t *testing.T) {
	t.Parallel()
	p, err := config.Load(config.Options{
		Dir:   write(t, kvWorker, kvBindings, map[string]string{"flint.toml": "[kv]\ndriver = \"redis://:s3cret@host/zero\"\n"}),
		Today: emulator.Today(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = emulator.New(t.Context(), p)
	var mistake *emulator.ConfigError
	if !errors.As(err, &mistake) || strings.Contains(err.Error(), "s3cret") || !strings.HasPrefix(err.Error(), "[kv] driver: the driver is no Redis URL") {
		t.Errorf("got %v", err)
	}
}

// CheckKV is what flint doctor asks.
func TestCheckKV(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t, "--requirepass", "s3cret")
	dir := write(t, kvWorker, kvBindings, map[string]string{"flint.toml": "[kv]\ndriver = \"redis://:pw@" + server.Addr + "\"\n"})
	p, err := config.Load(config.Options{Dir: dir, Today: emulator.Today()})
	if err != nil {
		t.Fatal(err)
	}
	if err := emulator.CheckKV(t.Context(), p); err == nil || strings.Contains(err.Error(), "pw@") || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("a wrong password: %v", err)
	}
	p.Settings.KVDriver = "redis://:s3cret@" + server.Addr
	if err := emulator.CheckKV(t.Context(), p); err != nil {
		t.Error(err)
	}
	server.Stop()
	if err := emulator.CheckKV(t.Context(), p); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a lost Redis: %v", err)
	}
}
