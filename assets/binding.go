package assets

import (
	"context"
	"log/slog"
	"net/http"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

// Binding serves env.ASSETS.fetch(request): the assets as a Worker sees them.
// https://developers.cloudflare.com/workers/static-assets/binding/
type Binding struct {
	lookup func(resource string) *Assets
	chain  *intercept.Chain
	log    *slog.Logger
}

// NewBinding makes the binding. lookup finds the assets of a Worker by the name
// that workerd's configuration gives them, or returns nil.
func NewBinding(lookup func(resource string) *Assets, chain *intercept.Chain, log *slog.Logger) *Binding {
	return &Binding{lookup: lookup, chain: chain, log: log}
}

// ServeBinding answers one fetch. The request is the Worker's own, so its path
// and headers are taken as they are.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	a := b.lookup(resource)
	if a == nil {
		http.Error(w, "no assets are bound as "+resource, http.StatusNotFound)
		return
	}
	op := &intercept.Op{Service: "assets", Resource: resource, Action: "fetch", Key: r.URL.Path}
	err := b.chain.Do(r.Context(), op, func(ctx context.Context) error {
		a.ServeHTTP(w, r.WithContext(ctx))
		return nil
	})
	if err != nil { // from a hook, before anything was written
		e := cferr.From(err)
		if e == cferr.Internal {
			b.log.Error("assets", "resource", resource, "error", err)
		}
		http.Error(w, e.Message, e.Status)
	}
}
