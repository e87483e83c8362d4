package emulator

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"flint/worker"
)

// slow is a binding; quick one that answers some calls at once.
type (
	slow  struct{}
	quick struct{ slow }
)

func (slow) ServeBinding(w http.ResponseWriter, _ *http.Request, resource string) {
	io.WriteString(w, "slow "+resource)
}

func (quick) ServeNow(w http.ResponseWriter, r *http.Request, resource string) bool {
	if r.Method != http.MethodGet {
		return false
	}
	io.WriteString(w, "quick "+resource)
	return true
}

func TestPromptBindingsAreAskedFirst(t *testing.T) {
	t.Parallel()
	m := &bindingMux{services: map[string]binding{"kv": quick{}, "d1": slow{}}, log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct{ method, call, now, then string }{
		{http.MethodGet, "kv/a%20b", "quick a b", "slow a b"},
		{http.MethodPut, "kv/a", "", "slow a"},
		{http.MethodGet, "d1/a", "", "slow a"},
		{http.MethodGet, "kv/%zz", "", "flint does not serve the binding \"kv/%zz\"\n"},
		{http.MethodGet, "other/a", "", "flint does not serve the binding \"other/a\"\n"},
		{http.MethodGet, "", "", "flint: a call without X-Flint-Binding\n"},
	} {
		r := httptest.NewRequest(c.method, "/", http.NoBody)
		if c.call != "" {
			r.Header.Set(worker.HeaderBinding, c.call)
		}
		w := httptest.NewRecorder()
		if answered := m.serveNow(w, r); answered != (c.now != "") || w.Body.String() != c.now {
			t.Errorf("%s %q at once: %v %q, want %q", c.method, c.call, answered, w.Body, c.now)
		}
		w = httptest.NewRecorder()
		if m.ServeHTTP(w, r); w.Body.String() != c.then {
			t.Errorf("%s %q: %q, want %q", c.method, c.call, w.Body, c.then)
		}
	}
}
