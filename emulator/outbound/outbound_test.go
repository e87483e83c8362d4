package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/internal/cferr"
	"flint/internal/intercept"

	"github.com/coder/websocket"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	real := origin(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "real") })
	host := strings.TrimPrefix(real.URL, "http://")
	gate := served(t, Options{
		Hosts: map[string]http.Handler{"API.deepseek.com": says("mock"), "route.deepseek.com": says("mock")},
		Inside: func(_, h, _ string) Internal {
			if h == "media.example.com" || h == "route.deepseek.com" {
				return Internal{Handler: says("inside"), Name: "worker x"}
			}
			return Internal{}
		},
	})
	_, port, _ := net.SplitHostPort(host)
	for _, c := range []struct{ name, proto, host, want string }{
		{"routes come first", "https", "route.deepseek.com", "inside https route.deepseek.com route.deepseek.com "},
		{"then hosts", "https", "api.deepseek.com", "mock https api.deepseek.com api.deepseek.com "},
		{"with a port and capitals", "http", "Api.DeepSeek.com:8080", "mock http Api.DeepSeek.com:8080 Api.DeepSeek.com:8080 "},
		{"then inside", "https", "media.example.com", "inside https media.example.com media.example.com "},
		{"then this machine", "http", host, "real"},
		{"localhost", "http", "localhost:" + port, "real"},
		{"a name below localhost", "http", "api.localhost:" + port, "real"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := text(t, fetch(t, gate, c.proto, c.host, "/", nil)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	gate := served(t, Options{Rules: Rules{Allow: []string{"other.example.com"}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		res := fetch(t, gate, "https", "api.example.com", "/v1?key=secret", nil)
		body := text(t, res)
		if res.StatusCode != 502 || res.Header.Get("X-Flint-Outbound") != "refused" {
			t.Errorf("status %d, verdict %q", res.StatusCode, res.Header.Get("X-Flint-Outbound"))
		}
		if !strings.Contains(body, "api.example.com") || !strings.Contains(body, "[outbound]\nallow = [\"api.example.com\"]") {
			t.Errorf("the reply does not say how to allow the host:\n%s", body)
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("content type %q", res.Header.Get("Content-Type"))
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings for one host, want 1:\n%s", n, log.String())
	}
	if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "worker=app") {
		t.Errorf("log: %s", log.String())
	}
}

func TestConnectIsNotServed(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	g := gateOf(t, Options{Rules: Rules{Allow: []string{"*"}}})
	defer g.Close()
	g.ServeBinding(w, httptest.NewRequest(http.MethodConnect, "example.com:443", nil), "app")
	if w.Code != 501 || !strings.Contains(w.Body.String(), "connect()") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAllowList(t *testing.T) {
	t.Parallel()
	g := gateOf(t, Options{Rules: Rules{Allow: []string{"api.example.com", "https://pasted.example.org/v1", "*.cdn.net", "db.test:5000", " Mixed.Case "}}})
	defer g.Close()
	for host, want := range map[string]bool{
		"api.example.com": true, "API.example.com:8443": true, "api.example.com.": true, "x.api.example.com": false, "example.com": false,
		"pasted.example.org": true, "a.b.cdn.net": true, "cdn.net": false, "evilcdn.net": false,
		"db.test:5000": true, "db.test": false, "mixed.case": true, "": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if got := matchesAny(g.rules.Load().allow, targetOf(r), true); got != want {
			t.Errorf("%q: allowed %v, want %v", host, got, want)
		}
	}
}

func TestLoopbackNames(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true, "localhost": true, "a.b.localhost": true,
		"128.0.0.1": false, "10.0.0.1": false, "notlocalhost": false, "localhost.example.com": false, "169.254.169.254": false, "": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "[::1]"
	r.Header.Set("X-Flint-Proto", "https")
	if to := targetOf(r); to.name != "::1" || to.addr != "[::1]:443" {
		t.Errorf("target %+v", to)
	}
}

// TestRealHost reaches an allowed host with TLS, and checks that what the
// Worker sent arrives and what the host said comes back, unchanged.
func TestRealHost(t *testing.T) {
	t.Parallel()
	var got *http.Request
	real := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("Location", "https://elsewhere.example.com/")
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(real.Close)
	trust := real.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trust.ServerName = "example.com" // what the test certificate is for
	gate := served(t, Options{Rules: Rules{Allow: []string{"api.example.com"}}, trust: trust, dial: to(real.Listener.Addr().String())})
	res := fetch(t, gate, "https", "api.example.com", "/a%2Fc?x=1;y=%zz", http.Header{"X-Forwarded-For": {"203.0.113.9"}, "Accept-Encoding": {"br"}})
	if res.StatusCode != 302 || res.Header.Get("Location") != "https://elsewhere.example.com/" {
		t.Errorf("the redirect did not come through: %d %v", res.StatusCode, res.Header)
	}
	if got.Host != "api.example.com" || got.RequestURI != "/a%7Cb%2Fc?x=1;y=%zz" && got.RequestURI != "/a%2Fc?x=1;y=%zz" {
		t.Errorf("host %q, target %q", got.Host, got.RequestURI)
	}
	if got.Header.Get("X-Forwarded-For") != "203.0.113.9" || got.Header.Get("Accept-Encoding") != "br" || got.Header.Get("X-Flint-Proto") != "" || got.Header.Get("User-Agent") != "Go-http-client/1.1" {
		t.Errorf("headers %v", got.Header)
	}
}

// to dials addr whatever was asked for.
func to(addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
}

func TestUnencodedPathPasses(t *testing.T) {
	t.Parallel()
	target := make(chan string, 1)
	real := origin(t, func(_ http.ResponseWriter, r *http.Request) { target <- r.RequestURI })
	gate := served(t, Options{})
	conn, err := net.Dial("tcp", gate.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /a|b'^?q=a|b HTTP/1.1\r\nHost: "+real.Listener.Addr().String()+"\r\nConnection: close\r\n\r\n")
	if got := <-target; got != "/a|b'^?q=a|b" {
		t.Errorf("the host saw %q", got)
	}
	_, _ = io.Copy(io.Discard, conn)
}

func TestGzipIsUntouched(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(strings.Repeat("spark ", 100)))
	_ = z.Close()
	real := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	res := fetch(t, served(t, Options{}), "http", real.Listener.Addr().String(), "/", http.Header{"Accept-Encoding": {"gzip"}})
	if got := text(t, res); got != packed.String() || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes with encoding %q, want the %d packed ones", len(got), res.Header.Get("Content-Encoding"), packed.Len())
	}
}

// TestStreaming has both sides wait for each other's first piece: it ends only
// if neither body is held back.
func TestStreaming(t *testing.T) {
	t.Parallel()
	real := origin(t, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		buf := make([]byte, 4)
		for range 3 {
			if _, err := io.ReadFull(r.Body, buf); err != nil {
				return
			}
			_, _ = w.Write(bytes.ToUpper(buf))
			_ = rc.Flush()
		}
	})
	g := gateOf(t, Options{})
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		g.ServeBinding(w, r, "app")
	}))
	defer gate.Close()
	defer g.Close()
	body, out := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gate.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = real.Listener.Addr().String()
	go func() { _, _ = io.WriteString(out, "ping") }()
	res, err := client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 4)
	for i := range 3 {
		if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != "PING" {
			t.Fatalf("piece %d: %q %v", i, buf, err)
		}
		if i < 2 {
			_, _ = io.WriteString(out, "ping")
		}
	}
	_ = out.Close()
}

func TestWebSocket(t *testing.T) {
	t.Parallel()
	real := origin(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		kind, data, err := c.Read(r.Context())
		if err == nil {
			_ = c.Write(r.Context(), kind, bytes.ToUpper(data))
		}
		_, _, _ = c.Read(r.Context())
	})
	gate := served(t, Options{})
	hc := client()
	c, res, err := websocket.Dial(t.Context(), gate.URL+"/ws", &websocket.DialOptions{Host: real.Listener.Addr().String(), HTTPClient: hc})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d", res.StatusCode)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte("spark")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := c.Read(t.Context()); err != nil || string(data) != "SPARK" {
		t.Fatalf("%q %v", data, err)
	}
}

// TestCloseEndsRequests closes the gate while a host keeps a request waiting.
func TestCloseEndsRequests(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan bool), make(chan bool)
	real := origin(t, func(http.ResponseWriter, *http.Request) {
		arrived <- true
		<-release
	})
	defer close(release)
	g := gateOf(t, Options{})
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = real.Listener.Addr().String()
		g.ServeBinding(w, r, "app")
		done <- w
	}()
	<-arrived
	_ = g.Close()
	if w := <-done; w.Code != 502 || !strings.Contains(w.Body.String(), "stopped") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	gate := served(t, Options{Rules: Rules{Allow: []string{"down.example.com"}}, dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no route to host")
	}})
	res := fetch(t, gate, "http", "down.example.com", "/", nil)
	if body := text(t, res); res.StatusCode != 502 || res.Header.Get("X-Flint-Outbound") != "failed" || !strings.Contains(body, "down.example.com: no route to host") {
		t.Errorf("%d %q", res.StatusCode, body)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	var chain intercept.Chain
	var seen intercept.Op
	chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		seen = *op
		if op.Resource == "faulty.example.com" {
			return cferr.New(503, 0, "injected")
		}
		return next(ctx)
	})
	gate := served(t, Options{Chain: &chain, Hosts: map[string]http.Handler{"ok.example.com": says("ok")}})
	if got := text(t, fetch(t, gate, "https", "ok.example.com", "/p/q?key=secret", nil)); !strings.HasPrefix(got, "ok ") {
		t.Errorf("got %q", got)
	}
	want := intercept.Op{Service: "outbound", Resource: "ok.example.com", Action: "get", Key: "https://ok.example.com/p/q"}
	if seen != want {
		t.Errorf("op %+v, want %+v", seen, want)
	}
	if res := fetch(t, gate, "https", "faulty.example.com", "/", nil); res.StatusCode != 503 || text(t, res) != "injected" {
		t.Errorf("status %d", res.StatusCode)
	}
}
