package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
)

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

func newTransport(dial dialFunc, trust *tls.Config) *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment, // never used for this machine
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		TLSClientConfig:       trust,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: expectTimeout,
		MaxIdleConns:          maxIdle,
		MaxIdleConnsPerHost:   maxIdlePerHost,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // bodies pass as they are
	}
	if dial != nil {
		t.DialContext, t.Proxy = dial, nil
	}
	return t
}

// copyBuffers are reused between bodies.
type copyBuffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *copyBuffers) Get() []byte {
	if p, ok := b.pool.Get().(*[copyBytes]byte); ok {
		return p[:]
	}
	return make([]byte, copyBytes)
}

// Put implements httputil.BufferPool.
func (b *copyBuffers) Put(p []byte) { b.pool.Put((*[copyBytes]byte)(p)) }

type targetKey struct{}

// newProxy is the way to a real host. It never buffers.
func (g *Gate) newProxy(transport *http.Transport) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		BufferPool:    &copyBuffers{},
		ErrorHandler:  g.unreachable,
		ErrorLog:      slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
		Rewrite:       rewrite,
	}
}

// forward passes a request to the host it names.
func (g *Gate) forward(w http.ResponseWriter, r *http.Request, to target) {
	g.rules.Load().proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, to)))
}

// forwarding are headers that a reverse proxy drops and a Worker may have set.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// rewrite aims the request and undoes what a reverse proxy changes.
func rewrite(pr *httputil.ProxyRequest) {
	to, _ := pr.In.Context().Value(targetKey{}).(target)
	u := pr.Out.URL
	u.Scheme, u.Host = to.scheme, to.addr
	u.RawQuery, u.Opaque = pr.In.URL.RawQuery, rawPath(pr.In)
	pr.Out.Host = to.host
	for _, name := range forwarding {
		if values := pr.In.Header[name]; values != nil {
			pr.Out.Header[name] = values
		}
	}
}

// unreachable answers when a host that may be reached did not answer.
func (g *Gate) unreachable(w http.ResponseWriter, r *http.Request, err error) {
	to, _ := r.Context().Value(targetKey{}).(target)
	if errors.Is(err, context.Canceled) {
		reply(w, http.StatusBadGateway, "failed", fmt.Sprintf(canceledText, to.host))
		return
	}
	g.log.Warn("outbound: fetch failed", "host", to.host, "error", err)
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		reply(w, http.StatusBadGateway, "failed", fmt.Sprintf(untrustedText, to.host, untrusted))
		return
	}
	reply(w, http.StatusBadGateway, "failed", fmt.Sprintf(failedText, to.host, err))
}
