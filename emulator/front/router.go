package front

import (
	"net"
	"net/http"
	"strings"
)

// Router finds the handler of a request by host and path. It must not be changed
// while it serves requests.
type Router struct {
	hosts    map[string]http.Handler
	patterns []pattern
	findHost func(host string) (h http.Handler, named bool)
	fallback http.Handler
}

// NewRouter returns a Router that sends everything to fallback.
func NewRouter(fallback http.Handler) *Router {
	noHost := func(string) (http.Handler, bool) { return nil, false }
	return &Router{hosts: map[string]http.Handler{}, findHost: noHost, fallback: fallback}
}

// Host sends all requests for a host to h.
func (rt *Router) Host(host string, h http.Handler) { rt.hosts[strings.ToLower(host)] = h }

// HostFunc sets a function that finds handlers of hosts which change while the Router
// serves. It is asked after the hosts of Host. A handler that it returns with named
// false takes the place of the fallback only, after the routes.
func (rt *Router) HostFunc(find func(host string) (h http.Handler, named bool)) { rt.findHost = find }

// Route sends requests that match a Wrangler route pattern
// (api.example.com/*, *.example.com/images/*) to h. Of several matching
// patterns the most specific, that is the longest, wins.
// https://developers.cloudflare.com/workers/configuration/routing/routes/
func (rt *Router) Route(route string, h http.Handler) {
	p := newPattern(route, h)
	index := 0
	for index < len(rt.patterns) && len(rt.patterns[index].text) >= len(p.text) {
		index++
	}
	rt.patterns = append(rt.patterns[:index], append([]pattern{p}, rt.patterns[index:]...)...)
}

// Find returns the handler for a host and path. named is false for the fallback.
// host may have a port and the suffix .localhost.
func (rt *Router) Find(host, path string) (h http.Handler, named bool) {
	host = bareHost(host)
	fallback := rt.fallback
	for _, name := range []string{host, strings.TrimSuffix(host, ".localhost")} {
		if h, ok := rt.hosts[name]; ok {
			return h, true
		}
		if h, named := rt.findHost(name); named {
			return h, true
		} else if h != nil {
			fallback = h
		}
		for _, p := range rt.patterns {
			if p.match(name, path) {
				return p.handler, true
			}
		}
	}
	return fallback, false
}

// ServeHTTP implements http.Handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, _ := rt.Find(r.Host, r.URL.Path)
	h.ServeHTTP(w, r)
}

// bareHost is host without its port, in lower case.
func bareHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

type pattern struct {
	text       string
	host, path string
	handler    http.Handler
}

func newPattern(route string, h http.Handler) pattern {
	text := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(route, "https://"), "http://"))
	host, path, found := strings.Cut(text, "/")
	if found {
		// Paths are case-sensitive: take them from the original.
		path = route[len(route)-len(path):]
	}
	return pattern{text: text, host: host, path: "/" + path, handler: h}
}

func (p pattern) match(host, path string) bool {
	return matchHost(p.host, host) && MatchPath(p.path, path)
}

// matchHost matches a host with a pattern that may begin with a star: *.example.com
// matches every subdomain, *example.com the domain too.
func matchHost(pattern, host string) bool {
	if rest, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, rest) && (host != rest || !strings.HasPrefix(rest, "."))
	}
	return pattern == host
}

// MatchPath matches a path with a pattern that may end with a star. Cloudflare's
// routes allow it nowhere else.
func MatchPath(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return pattern == path
}
