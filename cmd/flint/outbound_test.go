package main

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"flint/internal/testkit"
)

// TestOutboundCommands asks a running flint what the Workers fetched, follows
// it, and changes the mocks of flint.toml while it runs.
func TestOutboundCommands(t *testing.T) {
	t.Parallel()
	const toml = "workers = [\".\"]\n[[outbound.mocks]]\nname = \"price\"\nmatch = { host = \"api.shop.test\" }\ntext = \"5\"\n[[outbound.mocks]]\nname = \"never\"\nmatch = { host = \"x.test\" }\n"
	dir := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n",
		"index.js":      `export default { fetch: () => fetch("https://api.shop.test/price?token=s3cret") }`,
		"flint.toml":    toml,
	})
	for _, args := range [][]string{{"outbound", "log"}, {"outbound", "mocks"}} {
		if o := flint(t, dir, args...); o.code != 1 || !strings.Contains(o.err, "no flint runs") {
			t.Errorf("%v with none running: %d %s", args, o.code, o.err)
		}
	}
	d := startDev(t, dir)
	if o := flint(t, dir, "outbound", "log"); o.code != 0 || !strings.Contains(o.err, "no Worker has called fetch() yet") {
		t.Errorf("an empty log: %+v", o)
	}
	follow := command(t, dir, nil, "outbound", "log", "--follow")
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = follow.Process.Kill() })
	d.expect(t, "/", "5")
	const call = "w GET https://api.shop.test/price?token=[redacted] → 200 (mock price, 1 bytes,"
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, call) {
		t.Errorf("--follow: %q %v", line, err)
	}
	for _, c := range []struct{ args, want, not string }{
		{"outbound log", "https://api.shop.test/price?token=[redacted] │ mock price", "s3cret"},
		{"outbound log --json", `"by": "mock price"`, "s3cret"},
		{"outbound mocks", "│ price ", "\x00"},
		{"outbound mocks --unused", "│ never ", "price"},
		{"outbound mocks --unused --json", `"name": "never"`, "price"},
	} {
		if o := flint(t, dir, strings.Fields(c.args)...); o.code != 0 || !strings.Contains(o.out, c.want) || strings.Contains(o.out, c.not) {
			t.Errorf("%s: %+v", c.args, o)
		}
	}
	testkit.WriteFile(t, filepath.Join(dir, "flint.toml"), strings.Replace(toml, `text = "5"`, `text = "seven"`, 1))
	testkit.Eventually(t, func() error {
		if _, body, err := d.get("/"); err != nil || body != "seven" {
			return fmt.Errorf("answered %q, %v", body, err)
		}
		return nil
	})
	if code := d.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	const unused = "1 of 2 outbound mocks were never used: never"
	d.wait(t, "the unused mocks", func(e event) bool { return e.Event == unused })
	if err := follow.Wait(); err != nil {
		t.Errorf("--follow ends with %v", err)
	}
}

// A company's proxy is used for hosts that are allowed, and for nothing else.
func TestOutboundProxy(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "proxied %s", r.RequestURI)
	}))
	defer proxy.Close()
	dir := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n",
		"index.js":      `export default { fetch: (r) => fetch("http://far.example.com" + new URL(r.url).pathname) }`,
	})
	env := []string{"HTTP_PROXY=" + proxy.URL, "FLINT_OUTBOUND_ALLOW=far.example.com"}
	startDevEnv(t, dir, env).expect(t, "/x", "proxied http://far.example.com/x")
}

// TestOutboundTunnel reaches a host over TLS through the proxy that HTTPS_PROXY
// names, which sees the name of the host and nothing of what is said.
func TestOutboundTunnel(t *testing.T) {
	t.Parallel()
	real := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "safe %s%s", r.Host, r.URL.Path)
	}))
	defer real.Close()
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.RequestURI
		tunnel(w, real.Listener.Addr().String())
	}))
	defer proxy.Close()
	dir := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n",
		"index.js":      `export default { fetch: (r) => fetch("https://example.com" + new URL(r.url).pathname) }`,
		"flint.toml":    "workers = [\".\"]\n[outbound]\nallow = [\"example.com\"]\nca = \"ca.pem\"\n",
		"ca.pem":        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: real.Certificate().Raw})),
	})
	d := startDevEnv(t, dir, []string{"HTTPS_PROXY=" + proxy.URL, "https_proxy=", "NO_PROXY=", "no_proxy="})
	d.expect(t, "/x", "safe example.com/x")
	if got := <-asked; got != "CONNECT example.com:443" {
		t.Errorf("the proxy was asked %q", got)
	}
	if code := d.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// tunnel joins the connection of a CONNECT to addr.
func tunnel(w http.ResponseWriter, addr string) {
	to, err := net.Dial("tcp", addr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(to, from)
		to.Close()
	}()
	_, _ = io.Copy(from, to)
}
