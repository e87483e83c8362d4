package emulator

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"flint/ai"
	"flint/assets"
	"flint/bindings/cache"
	"flint/config"
	"flint/d1"
	"flint/emulator/cfapi"
	"flint/emulator/control"
	"flint/emulator/front"
	"flint/kv"
	"flint/queues"
	"flint/r2"
	"flint/worker/workerd"
)

// public is everything that answers on the Worker's port.
func (e *Emulator) public() http.Handler {
	return front.AccessLog(e.log, e.eventRoutes(e.hosts.Load()))
}

// fastPathSite finds the Worker that answers a request without anything beside it.
func (e *Emulator) fastPathSite(host, path string) *front.Site {
	if strings.HasPrefix(path, "/cdn-cgi/") || path == "/__scheduled" {
		return nil
	}
	h, _ := e.hosts.Load().Find(host, path)
	if site, ok := h.(*front.Site); ok && site.UsesFastPath() {
		return site
	}
	return nil
}

// router sends each host to its Worker, Pages project or public bucket.
func (e *Emulator) router() (*front.Router, error) {
	sites := make([]http.Handler, len(e.project.Workers))
	for i := range e.project.Workers {
		var err error
		if sites[i], err = e.site(&e.project.Workers[i]); err != nil {
			return nil, err
		}
	}
	fallback := http.Handler(http.NotFoundHandler())
	if len(sites) > 0 {
		fallback = sites[0]
	}
	rt := front.NewRouter(fallback)
	for i := range e.project.Workers {
		w := &e.project.Workers[i]
		rt.Host(w.Name, sites[i]) // http://NAME.localhost:8787
		for _, r := range w.Routes {
			if r.CustomDomain {
				rt.Host(r.Pattern, sites[i])
			} else {
				rt.Route(r.Pattern, sites[i])
			}
		}
	}
	rt.HostFunc(e.publicBuckets())
	for _, p := range e.project.Pages {
		rt.Host(p.Name+".pages.dev", e.page(p))
	}
	return rt, nil
}

// page serves a Pages project; its dist folder may be built later.
func (e *Emulator) page(p config.Pages) http.Handler {
	site, ok := e.services.pages[p.Name]
	if !ok {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, fmt.Sprintf("flint: the Pages project %s has no %s; build it and restart flint", p.Name, p.Dist), http.StatusNotFound)
		})
	}
	return &front.Site{Assets: site, Log: e.log}
}

func (e *Emulator) site(w *config.Worker) (http.Handler, error) {
	s := &front.Site{Assets: e.services.sites[w.Name], Log: e.log}
	if rw, ok := e.worker(w.Name); ok {
		s.Worker = rw
	}
	if w.Assets == nil {
		return s, nil
	}
	s.WorkerFirst = w.Assets.WorkerFirst
	if len(w.Assets.WorkerFirstFor) > 0 {
		var err error
		if s.Routing, err = assets.NewRouting(w.Assets.WorkerFirstFor); err != nil {
			return nil, fmt.Errorf("%s: assets.run_worker_first: %w", w.File, err)
		}
	}
	return s, nil
}

// bindings is everything that answers workerd.
func (e *Emulator) bindings() *bindingMux {
	s := e.services
	return &bindingMux{log: e.log, services: map[string]binding{
		"kv":       kv.NewBinding(s.kv, s.chain, e.log),
		"d1":       d1.NewBinding(s.d1, s.chain, e.log),
		"r2":       r2.NewBinding(s.r2, s.chain, e.log),
		"queues":   queues.NewBinding(s.queues, s.chain, e.log),
		"ai":       ai.NewBinding(s.ai, s.chain, e.log),
		"cache":    cache.NewBinding(s.cache, s.chain, e.log),
		"assets":   assets.NewBinding(s.site, s.chain, e.log),
		"outbound": e.gate,
	}}
}

func (s *services) site(worker string) *assets.Assets { return s.sites[worker] }

// control is everything that answers on the control port.
func (e *Emulator) control() http.Handler {
	r := cfapi.NewRouter()
	control.Routes(r, control.Options{Clock: e.services.clock, Advance: e.Advance, Status: e.status, Queues: e.services.queues, Closing: e.closing})
	control.OutboundRoutes(r, e.gate)
	cfapi.Routes(r, e.services.rest(e.log)...)
	r.PathPrefix("/ai/").Handler(e.services.ai.ProviderPaths("/ai/"))
	r.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "flint runs at %s\n\nGET  /_flint/health\nGET  /_flint/outbound/log\nPOST /_flint/clock/advance {\"by\":\"1h\"}\nGET  /_flint/queues/watch\n     /ai/openai/v1, /ai/anthropic …  the AI providers, for any client on this machine\n     /client/v4/accounts/%s/…  Cloudflare's REST API\n",
			e.address("worker"), cfapi.AccountID)
	}).Methods(http.MethodGet)
	return control.Guard(r)
}

func (e *Emulator) status() control.Status {
	st := control.Status{Status: "ok", Now: e.services.clock.Now(), PID: os.Getpid(), FlintBytes: workerd.ResidentBytes(os.Getpid())}
	if e.runtime != nil {
		st.WorkerdPIDs, st.WorkerdBytes = e.runtime.PIDs(), e.runtime.MemoryBytes()
		if len(st.WorkerdPIDs) == 0 {
			st.Status = "broken"
		}
	}
	return st
}
