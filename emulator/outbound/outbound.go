package outbound

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/intercept"
)

// Headers between workerd and the gate.
const (
	headerProto   = "X-Flint-Proto"   // the scheme of the URL, which HTTP itself does not carry
	headerBinding = "X-Flint-Binding" // which binding calls
	headerVerdict = "X-Flint-Outbound"
)

// Internal is who answers a request without leaving flint.
type Internal struct {
	Handler   http.Handler // nil: nobody
	Name      string       // for the journal: worker NAME, bucket NAME …
	IsOwnZone bool         // the Worker's own zone, past its Workers: the request is for the origin server
}

// Options make a Gate.
type Options struct {
	Rules  Rules
	Hosts  map[string]http.Handler                  // hosts served inside flint, by name without a port
	Inside func(worker, host, path string) Internal // routes of Workers, R2 domains; nil = none
	Clock  clock.Clock                              // nil = a clock of its own
	Log    *slog.Logger                             // nil discards
	Chain  *intercept.Chain                         // nil lets everything through

	// For tests of this package.
	dial  dialFunc
	trust *tls.Config
}

// Gate decides where a Worker's fetch() goes. It is safe for concurrent use.
type Gate struct {
	hosts          map[string]http.Handler
	inside         func(worker, host, path string) Internal
	clock          clock.Clock
	log            *slog.Logger
	chain          *intercept.Chain
	dial           dialFunc
	trust          *tls.Config
	lifetime       context.Context // ends with Close, and with it every request under way
	end            context.CancelFunc
	followersEnded chan struct{} // closed by Silence

	endOnce sync.Once

	rules       atomic.Pointer[ruleset]
	configuring sync.Mutex
	cassettesMu sync.Mutex
	cassettes   *cassetteFolder
	journal     journal

	mu     sync.Mutex
	warned map[string]bool // hosts whose refusal was logged
}

// New makes a gate. It starts nothing. The error names a mock or a certificate
// that cannot be read.
func New(o Options) (*Gate, error) {
	g := &Gate{hosts: map[string]http.Handler{}, inside: o.Inside, clock: o.Clock, log: o.Log, chain: o.Chain,
		dial: o.dial, trust: o.trust, warned: map[string]bool{}, followersEnded: make(chan struct{})}
	for host, h := range o.Hosts {
		g.hosts[strings.ToLower(host)] = h
	}
	if g.inside == nil {
		g.inside = func(string, string, string) Internal { return Internal{} }
	}
	if g.clock == nil {
		g.clock = clock.New()
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if err := g.Configure(o.Rules); err != nil {
		return nil, err
	}
	g.lifetime, g.end = context.WithCancel(context.Background())
	return g, nil
}

// Close ends the requests under way and closes idle connections.
func (g *Gate) Close() error {
	g.end()
	g.rules.Load().transport.CloseIdleConnections()
	return nil
}

// EndFollowers ends every Follow, so that nobody waits for its clients.
func (g *Gate) EndFollowers() { g.endOnce.Do(func() { close(g.followersEnded) }) }

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

func portOf(to target) string {
	_, port, _ := net.SplitHostPort(to.addr)
	return port
}

// ServeBinding answers one fetch() of the Worker named worker.
func (g *Gate) ServeBinding(w http.ResponseWriter, r *http.Request, worker string) {
	to := targetOf(r)
	r.Header.Del(headerProto)
	r.Header.Del(headerBinding)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(g.lifetime, cancel)()
	o, by := &observed{ResponseWriter: w}, "fault"
	defer g.note(r, to, worker, o, &by)()
	op := &intercept.Op{Service: "outbound", Resource: to.host, Action: strings.ToLower(r.Method), Key: to.scheme + "://" + to.host + r.URL.EscapedPath()}
	served := false
	err := g.chain.Do(ctx, op, func(ctx context.Context) error {
		served = true
		r := r.WithContext(ctx)
		var answer http.HandlerFunc
		answer, by = g.route(to, r, worker)
		answer(o, r)
		return nil
	})
	if err != nil && !served { // a hook stopped the call
		e := cferr.From(err)
		reply(o, e.Status, "failed", e.Message)
	}
}

// route finds who answers, and its name for the journal. The order: mocks,
// what is inside flint, hosts that the user names (replay, record, allow), the
// AI providers, this machine, and what a bare * lets through.
func (g *Gate) route(to target, r *http.Request, worker string) (answer http.HandlerFunc, by string) {
	if r.Method == http.MethodConnect {
		return func(w http.ResponseWriter, _ *http.Request) { g.refuseSocket(w, to, worker) }, "refused"
	}
	set := g.rules.Load()
	if m := set.mocks.find(to, r, worker); m != nil {
		return func(w http.ResponseWriter, r *http.Request) { g.serveMock(w, r, m) }, "mock " + m.name
	}
	in := g.inside(worker, to.host, r.URL.Path)
	if in.Handler != nil && !in.IsOwnZone {
		return inside(in.Handler, to), in.Name
	}
	if answer, by = g.outside(set, to, false); answer != nil {
		return answer, by
	}
	if h := g.hosts[to.name]; h != nil {
		return inside(h, to), "ai " + to.name
	}
	if isLoopback(to.name) {
		return g.connector(to), "machine"
	}
	if answer, by = g.outside(set, to, true); answer != nil {
		return answer, by
	}
	return func(w http.ResponseWriter, r *http.Request) { g.refuse(w, r, to, worker, in.IsOwnZone) }, "refused"
}

// outside finds the rule for a host outside of flint; a bare * counts only with all.
func (g *Gate) outside(set *ruleset, to target, all bool) (answer http.HandlerFunc, by string) {
	switch {
	case matchesAny(set.replay, to, all):
		c := g.cassette(to)
		return func(w http.ResponseWriter, r *http.Request) { g.replay(w, r, to, c) }, "cassette " + c.name
	case matchesAny(set.record, to, all):
		c := g.cassette(to)
		return func(w http.ResponseWriter, r *http.Request) { g.record(w, r, to, c) }, "network, recorded"
	case matchesAny(set.allow, to, all):
		return g.connector(to), "network"
	}
	return nil, ""
}

func (g *Gate) connector(to target) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { g.forward(w, r, to) }
}

// inside gives a handler the scheme and host of the URL that was fetched, in
// r.URL.
func inside(h http.Handler, to target) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u := *r.URL
		u.Scheme, u.Host = to.scheme, to.host
		r.URL = &u
		h.ServeHTTP(w, r)
	}
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
