package emulator

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"flint/internal/loophttp"
	"flint/worker"
)

// binding serves workerd's protocol for one service.
type binding interface {
	ServeBinding(w http.ResponseWriter, r *http.Request, resource string)
}

// immediateBinding is a binding that can answer some calls on the event loop's goroutine.
type immediateBinding interface {
	// ServeNow answers a call if that takes neither waiting (for a lock that
	// is held over a system call, a file, a peer, a hook) nor more than some
	// 50 µs. It reports false, with nothing done, for every other call, and
	// ServeBinding follows.
	ServeNow(w http.ResponseWriter, r *http.Request, resource string) bool
}

// bindingMux finds the service of a call that comes in on the bindings socket.
// workerd says which binding is calling: X-Flint-Binding: service/resource.
type bindingMux struct {
	services map[string]binding
	log      *slog.Logger
}

// ServeHTTP implements http.Handler.
func (m *bindingMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Header[worker.HeaderBinding]
	if r.Method == http.MethodConnect && len(call) == 0 {
		call = []string{"outbound/"} // workerd injects no headers into a Worker's connect()
	}
	if len(call) != 1 {
		http.Error(w, "flint: a call without "+worker.HeaderBinding, http.StatusBadRequest)
		return
	}
	delete(r.Header, worker.HeaderBinding)
	name, escaped, _ := strings.Cut(call[0], "/")
	service, ok := m.services[name]
	resource, err := unescapeResource(escaped)
	if !ok || err != nil {
		m.log.Error("a call from an unknown binding", "binding", call[0])
		http.Error(w, fmt.Sprintf("flint does not serve the binding %q", call[0]), http.StatusNotImplemented)
		return
	}
	if name == "outbound" && r.ContentLength != 0 {
		_ = http.NewResponseController(w).EnableFullDuplex() // the other side may answer while it still reads
	}
	service.ServeBinding(w, r, resource)
}

// serveNow lets a prompt binding answer.
func (m *bindingMux) serveNow(w http.ResponseWriter, r *http.Request) bool {
	name, escaped, _ := strings.Cut(r.Header.Get(worker.HeaderBinding), "/")
	service, ok := m.services[name].(immediateBinding)
	if !ok {
		return false
	}
	resource, err := unescapeResource(escaped)
	return err == nil && service.ServeNow(w, r, resource)
}

// bindingsServer answers workerd: on the event loop, where there is one, what
// is a question and an answer; fetch() and assets, which stream both ways, by
// net/http.
func (e *Emulator) bindingsServer() server {
	mux := e.bindings()
	srv := newServer(mux, e.log)
	if e.loop == nil {
		return srv
	}
	return &loophttp.Server{HTTP: srv, Loop: e.loop, Log: e.log, AnswerOnLoop: mux.serveNow, ReadOnLoop: func(r *http.Request) bool {
		name, _, _ := strings.Cut(r.Header.Get(worker.HeaderBinding), "/")
		switch name {
		case "kv", "d1", "r2", "queues", "cache":
			return true
		}
		return false
	}}
}

// unescapeResource undoes the path escaping; options may follow a question mark.
func unescapeResource(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil // nearly always
	}
	path, query, found := strings.Cut(s, "?")
	path, err := url.PathUnescape(path)
	if found {
		path += "?" + query
	}
	return path, err
}
