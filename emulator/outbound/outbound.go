// Package outbound is the gate that every fetch() of a Worker passes. It is
// offline by default: a request goes to a handler inside flint, to this
// machine, or to a host that the user allowed; everything else is refused at
// once with a reply that says how to allow it.
//
// Bodies stream both ways, redirects and compressed bodies pass as they are,
// and WebSocket upgrades pass.
package outbound

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

// Headers between workerd and the gate.
const (
	headerProto   = "X-Flint-Proto"   // the scheme of the URL, which HTTP itself does not carry
	headerBinding = "X-Flint-Binding" // which binding calls
	headerVerdict = "X-Flint-Outbound"
)

// Options make a Gate.
type Options struct {
	Hosts  map[string]http.Handler        // hosts served inside flint, by name without a port
	Inside func(host string) http.Handler // other hosts served inside (routes of Workers, R2 domains), by the Host header; nil = not inside
	Allow  []string                       // hosts that may really be reached: host, host:port, *.suffix, or * for all
	Log    *slog.Logger                   // nil discards
	Chain  *intercept.Chain               // nil lets everything through

	// For tests of this package.
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	trust *tls.Config
}

// Gate decides where a Worker's fetch() goes. It is safe for concurrent use.
type Gate struct {
	hosts     map[string]http.Handler
	inside    func(host string) http.Handler
	allow     []rule
	log       *slog.Logger
	chain     *intercept.Chain
	transport *http.Transport
	proxy     *httputil.ReverseProxy
	life      context.Context // ends with Close, and with it every request under way
	end       context.CancelFunc

	mu     sync.Mutex
	warned map[string]bool // hosts whose refusal was logged
}

// New makes a gate. It starts nothing.
func New(o Options) *Gate {
	g := &Gate{hosts: map[string]http.Handler{}, inside: o.Inside, allow: rules(o.Allow), log: o.Log, chain: o.Chain, warned: map[string]bool{}}
	for host, h := range o.Hosts {
		g.hosts[strings.ToLower(host)] = h
	}
	if g.inside == nil {
		g.inside = func(string) http.Handler { return nil }
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.life, g.end = context.WithCancel(context.Background())
	g.transport = newTransport(o.dial, o.trust)
	g.proxy = g.newProxy()
	return g
}

// Close ends the requests under way and closes idle connections.
func (g *Gate) Close() error {
	g.end()
	g.transport.CloseIdleConnections()
	return nil
}

// target is where a request wants to go.
type target struct {
	scheme string // http or https
	host   string // as in the Host header
	name   string // the host without its port, in lower case
	addr   string // name:port to connect to
}

func targetOf(r *http.Request) target {
	t := target{scheme: "http", host: r.Host}
	if strings.EqualFold(r.Header.Get(headerProto), "https") {
		t.scheme = "https"
	}
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = strings.Trim(r.Host, "[]"), ""
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.scheme]
	}
	t.name = strings.TrimSuffix(strings.ToLower(name), ".")
	dialed := t.name
	if strings.HasSuffix(dialed, ".localhost") { // not every resolver knows these
		dialed = "localhost"
	}
	t.addr = net.JoinHostPort(dialed, port)
	return t
}

// ServeBinding answers one fetch() of the Worker named worker.
func (g *Gate) ServeBinding(w http.ResponseWriter, r *http.Request, worker string) {
	to := targetOf(r)
	r.Header.Del(headerProto)
	r.Header.Del(headerBinding)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(g.life, cancel)()
	op := &intercept.Op{Service: "outbound", Resource: to.host, Action: strings.ToLower(r.Method), Key: to.scheme + "://" + to.host + r.URL.EscapedPath()}
	served := false
	err := g.chain.Do(ctx, op, func(ctx context.Context) error {
		served = true
		g.route(to, r.Method, worker).ServeHTTP(w, r.WithContext(ctx))
		return nil
	})
	if err != nil && !served { // a hook stopped the call
		e := cferr.From(err)
		reply(w, e.Status, "failed", e.Message)
	}
}

// route finds who answers, in this order: hosts inside flint, this machine,
// the hosts that are allowed.
func (g *Gate) route(to target, method, worker string) http.Handler {
	if method == http.MethodConnect {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { g.refuseSocket(w, to, worker) })
	}
	if h := g.hosts[to.name]; h != nil {
		return inside(h, to)
	}
	if h := g.inside(to.host); h != nil {
		return inside(h, to)
	}
	if isLoopback(to.name) || g.allowed(to) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.connect(w, r, to) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { g.refuse(w, to, worker) })
}

// inside gives a handler the scheme and host of the URL that was fetched, in
// r.URL.
func inside(h http.Handler, to target) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := *r.URL
		u.Scheme, u.Host = to.scheme, to.host
		r.URL = &u
		h.ServeHTTP(w, r)
	})
}

// refuse answers for a host that nobody allowed.
func (g *Gate) refuse(w http.ResponseWriter, to target, worker string) {
	if to.name == "" {
		reply(w, http.StatusBadGateway, "refused", refusedNoHost)
		return
	}
	if g.firstRefusal(to.name) {
		g.log.Warn("outbound: fetch refused, flint is offline by default", "worker", worker, "host", to.host,
			"fix", fmt.Sprintf("allow = [%q] under [outbound] in flint.toml", to.name))
	}
	reply(w, http.StatusBadGateway, "refused", fmt.Sprintf(refusedText, to.host, to.name))
}

// refuseSocket answers connect(). workerd does not show the reply to the
// Worker, so the log says why.
func (g *Gate) refuseSocket(w http.ResponseWriter, to target, worker string) {
	if g.firstRefusal("connect " + to.host) {
		g.log.Warn("outbound: connect() refused, TCP sockets are not served yet", "worker", worker, "host", to.host)
	}
	reply(w, http.StatusNotImplemented, "refused", connectText)
}

// firstRefusal reports whether host was not refused before.
func (g *Gate) firstRefusal(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.warned[host] || len(g.warned) >= maxWarned {
		return false
	}
	g.warned[host] = true
	return true
}

func reply(w http.ResponseWriter, status int, verdict, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set(headerVerdict, verdict)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the Worker is gone: nobody is left to tell
}

// rawPath is the path of a request as it came, for paths that Go would encode
// differently; empty when there is no difference.
func rawPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || path == r.URL.EscapedPath() {
		return ""
	}
	if _, err := url.PathUnescape(path); err != nil {
		return ""
	}
	return path
}
