package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// newServer starts a server on 127.0.0.1 and returns its address.
func newServer(t *testing.T, h http.HandlerFunc) string {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// run starts a Worker written in the test. extra is more of its Wrangler file.
func run(t *testing.T, source, extra string, more ...map[string]string) app {
	t.Helper()
	return app{t, emulator.RunT(t, write(t, source, extra, more...))}
}

func write(t *testing.T, source, extra string, more ...map[string]string) string {
	t.Helper()
	files := map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.ts\"\ncompatibility_date = \"2026-01-01\"\n" + extra,
		"index.ts":      source,
	}
	for _, m := range more {
		for name, content := range m {
			files[name] = content
		}
	}
	return testkit.WriteFiles(t, files)
}

// text fetches a path and returns its body.
func (a app) text(path string, status int) string {
	a.t.Helper()
	var body []byte
	a.do("GET", path, nil, &body, status)
	return string(body)
}

func TestEdgeHeadersAndCf(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { fetch: (r) => Response.json({ cf: r.cf, headers: Object.fromEntries(r.headers), url: r.url }) }`, "")
	req, err := http.NewRequest("GET", a.e.Run().URL+"/p%2Fa?q=%20", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("CF-Connecting-IP", "6.6.6.6")
	req.Header.Set("X-Flint-Cf", `{"colo":"EVIL"}`)
	req.Header.Set("X-Flint-Binding", "kv/x")
	req.Header.Set("X-Flint-Proto", "https")
	var got struct {
		Cf      map[string]any
		Headers map[string]string
		URL     string
	}
	a.send(req, &got, 200)
	if got.Cf["colo"] != "DFW" || got.Cf["country"] != "US" || got.Cf["httpProtocol"] != "HTTP/1.1" || got.Cf["tlsClientAuth"] == nil {
		t.Errorf("request.cf: %v", got.Cf)
	}
	h := got.Headers
	if h["cf-connecting-ip"] != "127.0.0.1" || h["cf-ipcountry"] != "US" || h["cf-visitor"] != `{"scheme":"http"}` ||
		h["x-forwarded-proto"] != "http" || h["x-real-ip"] != "127.0.0.1" || !strings.HasSuffix(h["cf-ray"], "-DFW") || h["accept-encoding"] != "br, gzip" {
		t.Errorf("headers: %v", h)
	}
	for name := range h {
		if strings.HasPrefix(name, "x-flint") {
			t.Errorf("the Worker sees %s", name)
		}
	}
	if got.URL != a.e.Run().URL+"/p%2Fa?q=%20" {
		t.Errorf("url %s", got.URL)
	}
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { fetch() {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", (e) => server.send("echo " + e.data));
  server.addEventListener("close", (e) => server.close(e.code));
  return new Response(null, { status: 101, webSocket: client });
} }`, "")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, a.e.Run().URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, m := range []string{"one", strings.Repeat("x", 20000)} {
		if err := c.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(ctx); err != nil || string(got) != "echo "+m {
			t.Fatalf("got %.40q, %v", got, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

func TestStreamedResponseArrivesAsItIsWritten(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { async fetch(r) {
  const { readable, writable } = new TransformStream();
  const w = writable.getWriter();
  const reader = r.body.getReader();
  (async () => { for (;;) { const { value, done } = await reader.read(); if (done) break; await w.write(value); } await w.close(); })();
  return new Response(readable, { headers: { "content-type": "text/event-stream" } });
} }`, "")
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", a.e.Run().URL, body)
	if err != nil {
		t.Fatal(err)
	}
	go feed.Write([]byte("first"))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 6)
	for _, part := range []string{"first", "second"} {
		if part == "second" {
			go feed.Write([]byte(part))
		}
		if n, err := io.ReadFull(res.Body, buf[:len(part)]); err != nil || string(buf[:n]) != part {
			t.Fatalf("%q %v, want %q before the stream ends", buf[:n], err, part)
		}
	}
	feed.Close()
}

func TestUncaughtExceptionPages(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { fetch() { const x: any = undefined;
    return x.boom; } }`, "")
	plain := a.text("/", 500)
	if !strings.HasPrefix(plain, "Uncaught exception: TypeError: Cannot read properties of undefined (reading 'boom')") || !strings.Contains(plain, "index.ts:2:") {
		t.Errorf("plain text:\n%s", plain)
	}
	req, _ := http.NewRequest("GET", a.e.Run().URL, nil)
	req.Header.Set("Accept", "text/html,*/*")
	var page []byte
	h := a.send(req, &page, 500)
	if !strings.HasPrefix(h.Get("Content-Type"), "text/html") || !bytes.Contains(page, []byte("<h1>Uncaught exception</h1>")) || !bytes.Contains(page, []byte("index.ts:2:")) {
		t.Errorf("page: %v\n%s", h, page)
	}
}

func TestUnservedBindingThrowsItsName(t *testing.T) {
	t.Parallel()
	dir := write(t, `export default { async fetch(r, env) {
  try { return Response.json(await env.INDEX.query([1, 2])); } catch (e) { return new Response(e.message, { status: 501 }); }
} }`, "[[vectorize]]\nbinding = \"INDEX\"\nindex_name = \"i\"\n[[made_up]]\nbinding = \"X\"\n")
	p, err := config.Load(config.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(p.Warnings, "\n")
	if !strings.Contains(all, "declared but not served by flint yet: vectorize") || !strings.Contains(all, "made_up: unknown key") {
		t.Errorf("warnings: %s", all)
	}
	a := app{t, emulator.RunT(t, dir)}
	if got := a.text("/", 501); got != "flint does not serve vectorize yet: the binding INDEX cannot be used" {
		t.Errorf("using it: %q", got)
	}
}

func TestOutboundIsOffline(t *testing.T) {
	t.Parallel()
	local := newServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "local ", r.URL.Path) })
	a := run(t, `export default { async fetch(r) {
  const res = await fetch(new URL(r.url).searchParams.get("to")!);
  return new Response(res.status + " " + await res.text());
} }`, "")
	if got := a.text("/?to="+local+"/x", 200); got != "200 local /x" {
		t.Errorf("loopback: %q", got)
	}
	if got := a.text("/?to=https://example.com/", 200); !strings.Contains(got, "example.com") || !strings.Contains(got, "allow") {
		t.Errorf("a foreign host: %q", got)
	}
}

func TestCronFiresOnTheClock(t *testing.T) {
	t.Parallel()
	a := run(t, `export default {
  async scheduled(c, env) { await env.KV.put("ran", c.cron + " " + new Date(c.scheduledTime).getUTCMinutes() % 5); },
  async fetch(r, env) { return new Response(await env.KV.get("ran")); },
}`, "triggers = { crons = [\"*/5 * * * *\"] }\nkv_namespaces = [{ binding = \"KV\", id = \"k\" }]\n")
	if err := a.e.Advance(t.Context(), 6*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := a.text("/", 200); got != "*/5 * * * * 0" {
		t.Errorf("after six minutes: %q", got)
	}
	if got := a.text("/cdn-cgi/handler/scheduled?cron=x&time=60000", 200); got != "ok" {
		t.Errorf("by hand: %q", got)
	}
	if got := a.text("/", 200); got != "x 1" {
		t.Errorf("after the trigger: %q", got)
	}
}

func TestAssetsAndSinglePageFallback(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { async fetch(r, env) {
  const path = new URL(r.url).pathname;
  if (path === "/api/asset") return env.ASSETS.fetch("http://x/style.css");
  return new Response("worker " + path);
} }`, "[assets]\ndirectory = \"public\"\nbinding = \"ASSETS\"\nnot_found_handling = \"single-page-application\"\nrun_worker_first = [\"/api/*\"]\n",
		map[string]string{"public/index.html": "<p>app</p>", "public/style.css": "p{}"})
	for path, want := range map[string]string{
		"/": "<p>app</p>", "/style.css": "p{}", "/some/page": "<p>app</p>", "/api/x": "worker /api/x", "/api/asset": "p{}",
	} {
		if got := a.text(path, 200); got != want {
			t.Errorf("GET %s: %q, want %q", path, got, want)
		}
	}
}

func TestCacheAPI(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { async fetch(r) {
  const hit = await caches.default.match(r.url);
  if (hit) return new Response("hit " + await hit.text());
  await caches.default.put(r.url, new Response("stored", { headers: { "cache-control": "max-age=60" } }));
  return new Response("miss");
} }`, "")
	for _, want := range []string{"miss", "hit stored"} {
		if got := a.text("/c", 200); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := a.e.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := a.text("/c", 200); got != "miss" {
		t.Errorf("after its time: %q", got)
	}
}

func TestQueueRetriesThenDeadLetter(t *testing.T) {
	t.Parallel()
	a := run(t, `export default {
  async fetch(r, env) {
    if (new URL(r.url).pathname === "/send") { await env.Q.sendBatch([{ body: "good" }, { body: "bad" }]); return new Response("sent"); }
    return Response.json([await env.KV.get("good"), await env.KV.get("bad"), await env.KV.get("dead")]);
  },
  async queue(batch, env) {
    for (const m of batch.messages) {
      await env.KV.put(batch.queue === "dlq" ? "dead" : m.body, m.body + " " + m.attempts);
      if (m.body === "bad" && batch.queue !== "dlq") m.retry(); else m.ack();
    }
  },
}`, `kv_namespaces = [{ binding = "KV", id = "k" }]
[[queues.producers]]
binding = "Q"
queue = "jobs"
[[queues.consumers]]
queue = "jobs"
max_retries = 2
dead_letter_queue = "dlq"
[[queues.consumers]]
queue = "dlq"
`)
	a.text("/send", 200)
	if err := a.e.Advance(t.Context(), 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := a.text("/", 200); got != `["good 1","bad 3","bad 1"]` {
		t.Errorf("attempts: %s", got)
	}
}

func TestNodeAndModuleImports(t *testing.T) {
	t.Parallel()
	a := run(t, `import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import data from "./data.json";
import note from "./note.txt";
import blob from "./raw.bin";
import add from "./add.wasm";
import { twice } from "tiny";
export default { async fetch() {
  const { exports } = await WebAssembly.instantiate(add);
  return Response.json([Buffer.from("hi").toString("hex"), createHash("md5").update("x").digest("hex").slice(0, 4), data.n, note, blob.byteLength, exports.add(2, 3), twice(4)]);
} }`, "compatibility_flags = [\"nodejs_compat\"]\n", map[string]string{
		"data.json": `{"n":7}`, "note.txt": "text", "raw.bin": "\x01\x02\x03",
		"add.wasm":                       "\x00asm\x01\x00\x00\x00\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\x03\x02\x01\x00\x07\x07\x01\x03add\x00\x00\x0a\x09\x01\x07\x00\x20\x00\x20\x01\x6a\x0b",
		"node_modules/tiny/package.json": `{"name":"tiny","main":"index.js"}`,
		"node_modules/tiny/index.js":     "exports.twice = (n) => 2 * n;",
	})
	if got := a.text("/", 200); got != `["6869","9dd4",7,"text",3,5,8]` {
		t.Errorf("got %s", got)
	}
}

func TestLaterCompatibilityDateIsClamped(t *testing.T) {
	t.Parallel()
	dir := write(t, `export default { fetch: () => new Response("ok") }`, "")
	log := testkit.NewLog()
	p, err := config.Load(config.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	p.Workers[0].CompatibilityDate = "2099-01-01"
	s := &p.Settings
	s.Port, s.ControlPort, s.S3Port, s.Watch = 0, 0, 0, false
	e, err := emulator.New(t.Context(), p, emulator.WithLog(log.Logger()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a := app{t, e}
	if got := a.text("/", 200); got != "ok" {
		t.Errorf("got %q", got)
	}
	log.Wait(t, "the warning", func(r testkit.Record) bool {
		return r.Level == slog.LevelWarn && strings.Contains(r.Message, "2099-01-01 is later than workerd")
	})
}

func TestControlPortRefusesForeignPages(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { fetch: () => new Response("ok") }`, "")
	get := func(host, origin, site string) int {
		req, err := http.NewRequest("GET", a.e.Run().Control+"/_flint/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			req.Host = host
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		req.Header.Set("Sec-Fetch-Site", site)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		host, origin, site string
		want               int
	}{
		{"", "", "", 200}, {"localhost:1", "http://localhost:3000", "", 200}, {"evil.example", "", "", 403}, {"", "https://evil.example", "", 403}, {"", "null", "", 403},
		{"", "", "same-origin", 200}, {"", "", "cross-site", 403},
	} {
		if got := get(c.host, c.origin, c.site); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestPortInUseLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	p, err := config.Load(config.Options{Dir: write(t, `export default {}`, "")})
	if err != nil {
		t.Fatal(err)
	}
	s := &p.Settings
	s.Port, s.ControlPort, s.S3Port = busy.Addr().(*net.TCPAddr).Port, 0, 0
	e, err := emulator.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "is in use by another program; choose another with --port") {
		t.Errorf("Start: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.State, "run")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run directory left behind: %v", err)
	}
	again, err := emulator.New(t.Context(), p) // the lock is free again
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestSecondEmulatorOnOneState(t *testing.T) {
	t.Parallel()
	a := run(t, `export default { fetch: () => new Response("ok") }`, "")
	p, err := config.Load(config.Options{Dir: write(t, "export default {}", "")})
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.State = a.e.State()
	_, err = emulator.New(t.Context(), p)
	var inUse *emulator.InUseError
	if !errors.As(err, &inUse) || inUse.Run.PID != os.Getpid() || inUse.Run.URL != a.e.Run().URL {
		t.Errorf("New = %v", err)
	}
}
