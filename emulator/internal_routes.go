package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"flint/config"
	"flint/emulator/front"
	"flint/emulator/outbound"
)

// internalRoutes is who answers a Worker's fetch() without leaving flint: the routes of
// the Workers, Pages projects, public buckets.
type internalRoutes struct {
	router *front.Router
	zones  map[string][]string // by Worker: the zones that its routes lie in
	strict map[string]bool     // Workers with global_fetch_strictly_public
}

// internalTarget is one of them.
type internalTarget struct {
	http.Handler
	who  string
	zone string // of a route; empty for what has a host of its own
}

// findPlaces reads them from the project.
func (e *Emulator) findPlaces(p *config.Project) (*internalRoutes, error) {
	out := &internalRoutes{router: front.NewRouter(nil), zones: map[string][]string{}, strict: map[string]bool{}}
	for i := range p.Workers {
		w := &p.Workers[i]
		site, err := e.site(w)
		if err != nil {
			return nil, err
		}
		who := "worker " + w.Name
		out.router.Host(w.Name, internalTarget{site, who, ""}) // http://NAME.localhost:8787
		for _, r := range w.Routes {
			out.zones[w.Name] = append(out.zones[w.Name], zoneOf(r))
			if r.CustomDomain {
				out.router.Host(r.Pattern, internalTarget{site, who, ""})
			} else {
				out.router.Route(r.Pattern, internalTarget{site, who, zoneOf(r)})
			}
		}
		out.strict[w.Name] = slices.Contains(w.CompatibilityFlags, "global_fetch_strictly_public")
	}
	buckets := e.publicBuckets()
	out.router.HostFunc(func(host string) (http.Handler, bool) {
		h, named := buckets(host)
		if !named {
			return nil, false
		}
		site, _ := e.services.public.Find(host)
		return internalTarget{h, "bucket " + site.Bucket, ""}, true
	})
	for _, page := range p.Pages {
		out.router.Host(page.Name+".pages.dev", internalTarget{e.page(page), "page " + page.Name, ""})
	}
	return out, nil
}

// zoneOf is the zone of a route: the one it names, else the domain that one
// registers.
func zoneOf(r config.Route) string {
	if strings.Contains(r.Zone, ".") { // else it is an id
		return strings.ToLower(r.Zone)
	}
	host, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(r.Pattern, "https://"), "http://")), "/")
	host = strings.TrimLeft(host, "*.")
	if zone, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return zone
	}
	return host
}

// inside finds who answers a Worker's fetch() without leaving flint.
//
// A route of the Worker's own zone counts only with the flag
// global_fetch_strictly_public: without it Cloudflare sends such a fetch() to
// the zone's origin server, past the Workers. Hosts of their own (custom
// domains, buckets, Pages) and routes in other zones are always reached.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/#global-fetch-strictly-public
func (e *Emulator) inside(worker, host, path string) outbound.Internal {
	all := e.places.Load()
	if all == nil {
		return outbound.Internal{}
	}
	h, named := all.router.Find(host, path)
	if !named {
		return outbound.Internal{}
	}
	p, _ := h.(internalTarget) // the router holds nothing else
	own := p.zone != "" && !all.strict[worker] && slices.Contains(all.zones[worker], p.zone)
	return outbound.Internal{Handler: p.Handler, Name: p.who, IsOwnZone: own}
}

// newGate makes the gate that every fetch() passes.
func (e *Emulator) newGate() error {
	var err error
	e.gate, err = outbound.New(outbound.Options{
		Rules: outboundRules(e.project), Hosts: e.services.ai.Providers(), Inside: e.inside,
		Clock: e.services.clock, Chain: e.services.chain, Log: e.log,
	})
	if err != nil {
		return &ConfigError{err.Error()}
	}
	return nil
}

func outboundRules(p *config.Project) outbound.Rules {
	o := p.Settings.Outbound
	return outbound.Rules{
		Allow: o.Allow, Record: o.Record, Replay: o.Replay, Cassettes: o.Cassettes,
		Mocks: o.Mocks, Inline: o.MockList, File: o.File, CA: o.CA,
	}
}

// warnUnusedMocks says at the end which mocks answered nothing, when others did.
func (e *Emulator) warnUnusedMocks() {
	var unused []string
	mocks := e.gate.Mocks()
	for _, m := range mocks {
		if m.Used == 0 {
			unused = append(unused, m.Name)
		}
	}
	if len(unused) > 0 && len(e.gate.Log()) > 0 {
		e.log.Info(fmt.Sprintf("%d of %d outbound mocks were never used: %s", len(unused), len(mocks), strings.Join(unused[:min(len(unused), 20)], ", ")))
	}
}
