package emulator_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// wireWorker answers in every framing that HTTP/1.1 knows.
const wireWorker = `let aborted = "no";
export default { async fetch(r, env, ctx) {
  const { pathname } = new URL(r.url);
  switch (pathname) {
    case "/echo": return new Response(r.method + " " + await r.text(), { headers: { "x-length": String(r.headers.get("content-length")) } });
    case "/chunked": {
      const { readable, writable } = new TransformStream();
      const w = writable.getWriter();
      ctx.waitUntil((async () => { for (const part of ["one ", "two ", "x".repeat(40000)]) await w.write(new TextEncoder().encode(part)); await w.close(); })());
      return new Response(readable);
    }
    case "/empty": return new Response(null, { status: 204 });
    case "/cookies": {
      const h = new Headers();
      for (let i = 0; i < 40; i++) h.append("set-cookie", "c" + i + "=" + "v".repeat(1000));
      return new Response("many", { headers: h });
    }
    case "/big": return new Response("b".repeat(300000));
    case "/middle": return new Response("m".repeat(3000));
    case "/slow": { r.signal.addEventListener("abort", () => { aborted = "yes"; }); await scheduler.wait(20000); return new Response("late"); }
    case "/aborted": return new Response(aborted);
    case "/throw": throw new Error("on the wire");
  }
  return new Response("plain " + pathname, { headers: { connection: "x", "keep-alive": "timeout=1" } });
} }`

// dial opens a raw connection to the Worker's port.
func dial(t *testing.T, e *emulator.Emulator) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(e.Run().URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// answer reads one response and its body.
func answer(t *testing.T, r *bufio.Reader, method string) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestFramingsOnOneConnection(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "compatibility_flags = [\"enable_request_signal\"]\n")
	c, r := dial(t, a.e)
	long := strings.Repeat("y", 100000)
	for _, step := range []struct {
		request, method string
		status          int
		body            string
	}{
		{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, "plain /a"},
		{"HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD", 200, ""},
		{"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 204, ""},
		{"GET /chunked HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, "one two " + strings.Repeat("x", 40000)},
		{"GET /big HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 200, strings.Repeat("b", 300000)},
		{"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello", "POST", 200, "POST hello"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "POST", 200, "POST "},
		{"GET /throw HTTP/1.1\r\nHost: x\r\n\r\n", "GET", 500, ""},
		{"GET /cookies HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", "GET", 200, "many"},
	} {
		if step.request != "" {
			io.WriteString(c, step.request)
		}
		res, body := answer(t, r, step.method)
		if step.status == 500 {
			if !strings.Contains(body, "Error: on the wire") || !strings.Contains(body, "index.ts:") {
				t.Errorf("the exception's text: %s", body)
			}
		} else if body != step.body {
			t.Errorf("%.40q: body %.60q, want %.60q", step.request, body, step.body)
		}
		if res.StatusCode != step.status || res.Header.Get("Date") == "" || res.Header.Get("Keep-Alive") != "" {
			t.Errorf("%.40q: %d, date %q, keep-alive %q", step.request, res.StatusCode, res.Header.Get("Date"), res.Header.Get("Keep-Alive"))
		}
		if step.body == "many" && len(res.Cookies()) != 40 {
			t.Errorf("%d cookies", len(res.Cookies()))
		}
		if res.Close {
			c, r = dial(t, a.e)
		}
	}
	// Two requests in one packet, the second one larger than the buffer: it
	// takes the other way on the same connection.
	fmt.Fprintf(c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(long), long)
	for _, want := range []string{"plain /a", "POST " + long} {
		if _, body := answer(t, r, "GET"); body != want {
			t.Errorf("pipelined: %.40q, want %.40q", body, want)
		}
	}
	io.WriteString(c, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
	if _, body := answer(t, r, "POST"); body != "POST abc" {
		t.Errorf("chunked upload: %q", body)
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "")
	for _, request := range []string{
		"GET / HTTP/1.1\r\n\r\n", // no Host
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
		"nonsense\r\n\r\n",
	} {
		c, r := dial(t, a.e)
		io.WriteString(c, request)
		res, _ := answer(t, r, "GET")
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s", request, res.Status)
		}
	}
	if got := a.text("/a", 200); got != "plain /a" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestConnectionCloseAndHTTP10(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "")
	for _, request := range []string{"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\nHost: x\r\n\r\n"} {
		c, r := dial(t, a.e)
		io.WriteString(c, request)
		if _, body := answer(t, r, "GET"); body != "plain /a" {
			t.Errorf("%q: %q", request, body)
		}
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("%q: the connection stays open: %v", request, err)
		}
	}
}

func TestHangingUpAbortsTheRequest(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "compatibility_flags = [\"enable_request_signal\"]\n")
	c, _ := dial(t, a.e)
	io.WriteString(c, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	testkit.Eventually(t, func() error { // until the Worker has it
		if got := a.text("/aborted", 200); got != "no" {
			return fmt.Errorf("aborted = %q before the client hung up", got)
		}
		return nil
	})
	c.Close()
	testkit.Eventually(t, func() error {
		if got := a.text("/aborted", 200); got != "yes" {
			return fmt.Errorf("the Worker was not told: aborted = %q", got)
		}
		return nil
	})
}

func TestCloseLetsARequestFinish(t *testing.T) {
	t.Parallel()
	e := emulator.StartT(t, write(t, `export default { async fetch() { console.log("in"); await scheduler.wait(300); return new Response("finished"); } }`, ""))
	c, r := dial(t, e)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		b, _ := r.Peek(1)
		if !bytes.Equal(b, []byte("H")) {
			t.Errorf("the request was cut: %q", b)
		}
	}()
	pause := time.NewTimer(100 * time.Millisecond)
	<-pause.C
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	<-ready
	if res, body := answer(t, r, "GET"); res.StatusCode != 200 || body != "finished" {
		t.Errorf("%s %q", res.Status, body)
	}
}

// The edge compresses text for who takes gzip, and the other way round.
func TestBodiesAreCodedForTheClient(t *testing.T) {
	t.Parallel()
	a := run(t, `const text = "compressible ".repeat(200);
export default { async fetch(r) {
  switch (new URL(r.url).pathname) {
    case "/text": return new Response(text, { headers: { "content-type": "text/plain", etag: '"e"' } });
    case "/png": return new Response(text, { headers: { "content-type": "image/png" } });
    case "/small": return Response.json({});
    case "/long": return new Response(text.repeat(20), { headers: { "content-type": "text/plain", vary: "Cookie" } });
    case "/short": return new Response("short, but long enough to be worth coding after all", { headers: { vary: "Cookie" } });
    case "/gzip": return new Response(text, { headers: { "content-encoding": "gzip" } });
  }
} }`, "")
	text := strings.Repeat("compressible ", 200)
	for _, c := range []struct{ path, accept, coded, etag string }{
		{"/text", "gzip, deflate", "gzip", `W/"e"`},
		{"/text", "identity", "", `"e"`},
		{"/text", "gzip;q=0", "", `"e"`},
		{"/png", "gzip", "", ""},
		{"/gzip", "gzip", "gzip", ""},
		{"/gzip", "identity", "", ""},
	} {
		for _, way := range []string{"", "Te: trailers\r\n"} { // the second one takes the long way
			conn, r := dial(t, a.e)
			io.WriteString(conn, "GET "+c.path+" HTTP/1.1\r\nHost: x\r\n"+way+"Accept-Encoding: "+c.accept+"\r\n\r\n")
			res, body := answer(t, r, "GET")
			if got := res.Header.Get("Content-Encoding"); got != c.coded || res.Header.Get("ETag") != c.etag {
				t.Errorf("%s for %q: Content-Encoding %q, ETag %q", c.path, c.accept, got, res.Header.Get("ETag"))
			}
			if c.coded == "gzip" {
				zr, err := gzip.NewReader(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				plain, err := io.ReadAll(zr)
				if err != nil || len(body) >= len(text) {
					t.Errorf("%s: %d bytes of gzip, %v", c.path, len(body), err)
				}
				body = string(plain)
			}
			if body != text {
				t.Errorf("%s for %q: %.40q", c.path, c.accept, body)
			}
		}
	}
	if got := a.text("/small", 200); got != "{}" {
		t.Errorf("/small: %q", got)
	}
	long, _ := codedHeaders(t, a.e, "/long") // coded on a goroutine
	short, body := codedHeaders(t, a.e, "/short")
	if want := "short, but long enough to be worth coding after all"; body != want {
		t.Errorf("/short: %q", body)
	}
	short.Set("Content-Type", long.Get("Content-Type"))
	if !reflect.DeepEqual(long, short) {
		t.Errorf("a short coded response has the headers %v, a long one %v", short, long)
	}
}

// codedHeaders are the headers of a response in gzip, but for its date, and its text.
func codedHeaders(t *testing.T, e *emulator.Emulator, path string) (http.Header, string) {
	t.Helper()
	conn, r := dial(t, e)
	io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
	res, body := answer(t, r, "GET")
	zr, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	text, err := io.ReadAll(zr)
	if err != nil || res.Header.Get("Date") == "" || res.ContentLength >= 0 {
		t.Fatalf("%s: %v %v", path, err, res.Header)
	}
	res.Header.Del("Date")
	return res.Header, string(text)
}

func TestCrashAnswers502(t *testing.T) {
	t.Parallel()
	a := run(t, `let state = "up";
export default { async fetch(r) { if (r.url.endsWith("/wait")) { state = "waiting"; await scheduler.wait(60000); } return new Response(state); } }`, "")
	for _, head := range []string{"", "Te: trailers\r\n"} { // both ways through the front
		c, r := dial(t, a.e)
		io.WriteString(c, "GET /wait HTTP/1.1\r\nHost: x\r\n"+head+"\r\n")
		testkit.Eventually(t, func() error {
			if got := a.text("/", 200); got != "waiting" {
				return fmt.Errorf("the request has not reached the Worker: %q", got)
			}
			return nil
		})
		syscall.Kill(a.e.Runtime().PIDs()[0], syscall.SIGKILL)
		if res, body := answer(t, r, "GET"); res.StatusCode != 502 || !strings.Contains(body, "workerd stopped while it was answering this request") {
			t.Errorf("%q: %s %q", head, res.Status, body)
		}
		if got := a.text("/", 200); got != "up" {
			t.Errorf("afterwards: %q", got)
		}
	}
}

// A queue batch that runs when flint is stopped ends first.
func TestCloseLetsABatchFinish(t *testing.T) {
	t.Parallel()
	dir := write(t, `export default {
  async fetch(r, env) { if (r.url.endsWith("/send")) await env.Q.send("m"); return new Response(await env.KV.get("done")); },
  async queue(batch, env) { await env.KV.put("begun", "yes"); await scheduler.wait(400); await env.KV.put("done", "attempt " + batch.messages[0].attempts); },
}`, "kv_namespaces = [{ binding = \"KV\", id = \"k\" }]\nqueues.producers = [{ binding = \"Q\", queue = \"q\" }]\nqueues.consumers = [{ queue = \"q\", max_batch_timeout = 0 }]\n")
	state := filepath.Join(t.TempDir(), ".flint")
	keep := func(p *config.Project) { p.Settings.State = state }
	e := emulator.StartT(t, dir, keep)
	a := app{t, e}
	a.text("/send", 200)
	testkit.Eventually(t, func() error {
		res, err := http.Get(e.Run().Control + "/client/v4/accounts/x/storage/kv/namespaces/k/values/begun")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != 200 {
			return fmt.Errorf("the batch has not begun: %s", res.Status)
		}
		return nil
	})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	a.e = emulator.RunT(t, dir, keep)
	if got := a.text("/", 200); got != "attempt 1" {
		t.Errorf("done = %q", got)
	}
}

func TestPipelinedRequests(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "")
	c, r := dial(t, a.e)
	const n = 200
	go func() {
		for i := range n {
			fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: x\r\nX-Fill: %s\r\n\r\n", i, strings.Repeat("f", 1000))
		}
	}()
	for i := range n {
		if _, body := answer(t, r, "GET"); body != fmt.Sprint("plain /", i) {
			t.Fatalf("answer %d: %q", i, body)
		}
	}
}

func TestSlowClientGetsAllOfIt(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "")
	c, r := dial(t, a.e)
	for range 100 { // 30 MB: far more than the connection holds
		io.WriteString(c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	for i := range 100 {
		if _, body := answer(t, r, "GET"); body != strings.Repeat("b", 300000) {
			t.Fatalf("answer %d has %d bytes", i, len(body))
		}
	}
}

// A large body that is coded on the way leaves the event loop, and the
// connection comes back; a short one is coded in the loop.
func TestCodedAndPlainAnswersOnOneConnection(t *testing.T) {
	t.Parallel()
	a := run(t, wireWorker, "")
	c, r := dial(t, a.e)
	for i := range 40 {
		path, want := "/a", "plain /a"
		switch i % 4 {
		case 1:
			path, want = "/big", strings.Repeat("b", 300000)
		case 2, 3:
			path, want = "/middle", strings.Repeat("m", 3000)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n", path)
		res, body := answer(t, r, "GET")
		if res.Header.Get("Content-Encoding") == "gzip" {
			zr, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(zr)
			if err != nil {
				t.Fatal(err)
			}
			body = string(text)
		} else if path != "/a" {
			t.Errorf("answer %d is not coded", i)
		}
		if body != want {
			t.Fatalf("answer %d: %.40q", i, body)
		}
	}
}
