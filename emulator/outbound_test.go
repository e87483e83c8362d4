package emulator_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// fetcher fetches what its query names and tells what it got.
const fetcher = `export default { async fetch(r) {
  const q = new URL(r.url).searchParams;
  if (!q.has("url")) return new Response("route " + r.url);
  try {
    const res = await fetch(q.get("url"), { redirect: q.get("redirect") ?? "follow", method: q.get("method") ?? "GET", body: q.get("body") });
    return new Response(res.status + " " + res.redirected + " " + await res.text());
  } catch (e) { return new Response("threw " + e); }
} }`

func (a app) fetched(url string, more ...string) string {
	a.t.Helper()
	return a.text("/?url="+strings.NewReplacer("&", "%26", "#", "%23").Replace(url)+strings.Join(more, ""), 200)
}

func TestFetchMeetsMocksAndTheJournal(t *testing.T) {
	t.Parallel()
	dir := write(t, fetcher, "", map[string]string{
		"flint.toml": "workers = [\".\"]\n[outbound]\nmocks = [\"mocks\", { match = { host = \"never.test\" } }]\n",
		"mocks/shop.yaml": "mocks:\n  - {name: price, match: {host: api.shop.test, path: /price}, json: {cents: 5}}\n" +
			"  - {name: gone, match: {host: api.shop.test, path: /gone}, fault: refuse}\n" +
			"  - {name: half, match: {host: api.shop.test, path: /half}, fault: reset, text: \"0123456789\"}\n",
	})
	a := app{t, emulator.RunT(t, dir)}
	for _, c := range []struct{ url, want string }{ // a GET would be sent twice: workerd tries again on a kept connection
		{"https://api.shop.test/price?key=s3cret", `200 false {"cents":5}`},
		{"https://api.shop.test/gone#", "threw "},
		{"https://api.shop.test/half", "threw "},
		{"https://api.shop.test/other", "502 false flint refused fetch() to api.shop.test"},
		{a.e.Run().URL + "/here", "200 false route http://127.0.0.1"},
	} {
		method := ""
		if strings.HasSuffix(c.url, "#") {
			method = "&method=POST"
		}
		if got := a.fetched(strings.TrimSuffix(c.url, "#"), method); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.url, got, c.want)
		}
	}
	var by []string
	for _, c := range waitOutboundLog(t, a.e, 5) {
		by = append(by, fmt.Sprint(c.Worker, " ", c.By, " ", c.Status, " ", c.URL))
	}
	want := []string{"w mock price 200 https://api.shop.test/price?key=[redacted]", "w mock gone 0 https://api.shop.test/gone", "w mock half 200 https://api.shop.test/half",
		"w refused 502 https://api.shop.test/other", "w machine 200 " + a.e.Run().URL + "/here"}
	if strings.Join(by, "\n") != strings.Join(want, "\n") {
		t.Errorf("journal:\n%s\nwant\n%s", strings.Join(by, "\n"), strings.Join(want, "\n"))
	}
	a.text("/", 200)
	testkit.WriteFile(t, filepath.Join(dir, "mocks", "shop.yaml"), "mocks: [{match: {host: api.shop.test}, text: saved}]")
	if got := a.fetched("https://api.shop.test/price"); got != "200 false saved" {
		t.Errorf("after a save: %q", got)
	}
	var out struct {
		Mocks []struct {
			Name string
			Used int
		}
	}
	res, err := http.Get(a.e.Run().Control + "/_flint/outbound/mocks")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || fmt.Sprint(out.Mocks) != "[{flint.toml#1 0} {shop.yaml#1 1}]" {
		t.Errorf("%v %v", err, out)
	}
}

// A follower sees calls as they come, and Close does not wait for it.
func TestFollowTheJournal(t *testing.T) {
	t.Parallel()
	e := emulator.StartT(t, write(t, fetcher, ""))
	a := app{t, e}
	res, err := http.Get(e.Run().Control + "/_flint/outbound/log?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	a.fetched("https://one.test/")
	var c outboundCall
	lines := bufio.NewReader(res.Body)
	line, err := lines.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &c) != nil || c.URL != "https://one.test/" || c.By != "refused" {
		t.Errorf("%v %+v", err, c)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := lines.ReadBytes('\n'); err != io.EOF {
		t.Errorf("the follower was cut: %v", err)
	}
}

// The API of AI providers is on the control port, which pages of other sites do
// not reach.
func TestProvidersOnTheControlPort(t *testing.T) {
	t.Parallel()
	a := run(t, fetcher, "")
	for _, c := range []struct{ path, origin, key, want string }{
		{"/ai/openai/v1/models", "", "k", `200 {"data":[{`},
		{"/ai/openai/v1/models", "", "", `401 {"error":{`},
		{"/ai/openai/v1/models", "https://evil.test", "k", `403 `},
		{"/ai/anthropic/v1/models", "", "k", `400 {"error":{"message":"anthropic-version`},
		{"/ai/workers-ai/v1/models", "", "", `200 {"data":[{`},
		{"/ai/nobody/v1", "", "k", `404 `},
		{"/client/v4/accounts/a/ai/v1/models", "", "", `200 {"data":[{`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.e.Run().Control+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.key != "" {
			req.Header.Set("Authorization", "Bearer "+c.key)
		}
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if got := fmt.Sprintf("%d %s", res.StatusCode, body); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %.200s, want %s", c.path, c.origin, got, c.want)
		}
	}
}

func TestRedirectsStayAtTheGate(t *testing.T) {
	t.Parallel()
	hops := 0
	far := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if hops++; r.URL.Path == "/out" {
			http.Redirect(w, r, "https://far.example.com/secret", http.StatusFound)
			return
		}
		if r.URL.Path == "/in" {
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "the end")
	})
	a := run(t, fetcher, "")
	if got := a.fetched(far + "/in"); got != "200 true the end" {
		t.Errorf("a redirect on this machine: %q", got)
	}
	if got := a.fetched(far + "/out"); !strings.HasPrefix(got, "502 true flint refused fetch() to far.example.com") {
		t.Errorf("a redirect off this machine: %q", got)
	}
	if got := a.fetched(far+"/out", "&redirect=manual"); !strings.HasPrefix(got, "302 false") {
		t.Errorf("a redirect by hand: %q", got)
	}
	log := waitOutboundLog(t, a.e, 5)
	if len(log) != 5 || log[3].By != "refused" || log[3].URL != "https://far.example.com/secret" || log[0].By != "machine" {
		t.Errorf("journal: %+v", log)
	}
}

// Without the flag a fetch() of the Worker's own zone goes to its origin server,
// past the Workers; with it, through the front door. Custom domains and other
// zones are always reached.
func TestGlobalFetchStrictlyPublic(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string][3]string{
		"": {"502 false flint refused fetch() to www.own.test, which is a route of the Worker's own zone", "200 false route https://shop.own.test/", "200 false route https://www.other.test/x"},
		"compatibility_flags = [\"global_fetch_strictly_public\"]\n": {"200 false route https://www.own.test/a", "200 false route https://shop.own.test/", "200 false route https://www.other.test/x"},
	} {
		dir := testkit.WriteFiles(t, map[string]string{
			"flint.toml":      "workers = [\"a\", \"b\"]\n",
			"a/wrangler.toml": "name = \"a\"\nmain = \"index.ts\"\ncompatibility_date = \"2026-01-01\"\nroutes = [\"api.own.test/*\", \"www.own.test/a*\", { pattern = \"shop.own.test\", custom_domain = true }]\n" + flag,
			"a/index.ts":      fetcher,
			"b/wrangler.toml": "name = \"b\"\nmain = \"index.ts\"\ncompatibility_date = \"2026-01-01\"\nroutes = [\"www.other.test/x*\"]\n",
			"b/index.ts":      fetcher,
		})
		a := app{t, emulator.RunT(t, dir)}
		for i, url := range []string{"https://www.own.test/a", "https://shop.own.test/", "https://www.other.test/x"} {
			if got := a.fetched(url); !strings.HasPrefix(got, want[i]) {
				t.Errorf("flag %q, %s: %q, want %q", flag, url, got, want[i])
			}
		}
		if got := a.fetched("https://www.own.test/elsewhere"); !strings.HasPrefix(got, "502 false flint refused fetch() to www.own.test: it is offline") {
			t.Errorf("a path that no route has: %q", got)
		}
	}
}

// A certificate authority of one's own is trusted when flint.toml names it.
func TestOutboundCA(t *testing.T) {
	t.Parallel()
	tls := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "safe") }))
	t.Cleanup(tls.Close)
	dir := write(t, fetcher, "")
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"": "502 false flint reached ", ca: "200 false safe"} {
		a := app{t, emulator.RunT(t, dir, func(p *config.Project) { p.Settings.Outbound.CA = file })}
		if got := a.fetched(tls.URL + "/"); !strings.HasPrefix(got, want) {
			t.Errorf("ca %q: %q, want %q", file, got, want)
		}
	}
}

// A Worker's WebSocket reaches an allowed host.
func TestWebSocketThroughTheGate(t *testing.T) {
	t.Parallel()
	echo := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		kind, data, err := c.Read(r.Context())
		if err == nil {
			_ = c.Write(r.Context(), kind, append([]byte("echo "), data...))
		}
		_, _, _ = c.Read(r.Context())
	})
	a := run(t, `export default { async fetch(r) {
  const res = await fetch(new URL(r.url).searchParams.get("url"), { headers: { upgrade: "websocket" } });
  const ws = res.webSocket;
  ws.accept();
  const got = new Promise((done) => ws.addEventListener("message", (e) => done(e.data)));
  ws.send("spark");
  const text = await got;
  ws.close(1000);
  return new Response(res.status + " " + text);
} }`, "")
	if got := a.fetched(echo + "/ws"); got != "101 echo spark" {
		t.Errorf("got %q", got)
	}
}

// What was recorded is replayed after a restart, with the host gone.
func TestRecordThenReplay(t *testing.T) {
	t.Parallel()
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "real %s", r.URL.RawQuery) }))
	host := strings.TrimPrefix(real.URL, "http://")
	dir := write(t, fetcher, "")
	tapes := filepath.Join(dir, "cassettes")
	e := emulator.StartT(t, dir, func(p *config.Project) {
		p.Settings.Outbound = config.Outbound{Record: []string{host}, Cassettes: tapes}
	})
	a := app{t, e}
	if got := a.fetched(real.URL + "/x?n=1"); got != "200 false real n=1" {
		t.Errorf("recording: %q", got)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	real.Close()
	a.e = emulator.RunT(t, dir, func(p *config.Project) {
		p.Settings.Outbound = config.Outbound{Replay: []string{host}, Cassettes: tapes}
	})
	if got := a.fetched(real.URL + "/x?n=1"); got != "200 false real n=1" {
		t.Errorf("replay: %q", got)
	}
	if got := a.fetched(real.URL + "/x?n=2"); !strings.HasPrefix(got, "502 false flint replays this host") {
		t.Errorf("a miss: %q", got)
	}
}

// Packed answers are recorded as text where flint can unpack them and as they
// came where it cannot; a Worker reads the same text from a replay.
func TestRecordPackedThenReplay(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, "hello from gzip")
	_ = z.Close()
	answers := map[string]string{"gzip": packed.String(), "br": "\x0b\x02\x80hello\x03"}
	real := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		coding := strings.TrimPrefix(r.URL.Path, "/")
		w.Header().Set("Content-Encoding", coding)
		_, _ = io.WriteString(w, answers[coding])
	}))
	host := strings.TrimPrefix(real.URL, "http://")
	dir := write(t, fetcher, "")
	tapes := filepath.Join(dir, "cassettes")
	check := func(a app, what string) {
		for path, want := range map[string]string{"/gzip": "200 false hello from gzip", "/br": "200 false hello"} {
			if got := a.fetched(real.URL + path); got != want {
				t.Errorf("%s %s: %q, want %q", what, path, got, want)
			}
		}
	}
	e := emulator.StartT(t, dir, func(p *config.Project) {
		p.Settings.Outbound = config.Outbound{Record: []string{host}, Cassettes: tapes}
	})
	check(app{t, e}, "recording")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	real.Close()
	files, _ := filepath.Glob(filepath.Join(tapes, "*.yaml"))
	if len(files) != 1 {
		t.Fatalf("cassettes: %v", files)
	}
	text, _ := os.ReadFile(files[0])
	if s := string(text); !strings.Contains(s, "body: hello from gzip") || strings.Contains(s, "- gzip\n") || !strings.Contains(s, "base64: CwKAaGVsbG8D") || !strings.Contains(s, "- br\n") {
		t.Errorf("the cassette:\n%s", s)
	}
	check(app{t, emulator.RunT(t, dir, func(p *config.Project) {
		p.Settings.Outbound = config.Outbound{Replay: []string{host}, Cassettes: tapes}
	})}, "replay")
}
