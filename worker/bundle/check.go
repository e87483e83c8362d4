package bundle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const migrateDocs = "https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/"

// check refuses a bundle that workerd could only refuse with less to say.
func (s *Session) check(m *meta, r *Result) *Error {
	e := &Error{}
	s.checkFormat(m, r, e)
	s.checkNode(m, e)
	s.checkClasses(m.Exports, e)
	if len(e.Messages) > 0 {
		return e
	}
	return nil
}

// checkFormat finds Workers of the time before ES modules.
func (s *Session) checkFormat(m *meta, r *Result, e *Error) {
	entry := s.rel(s.worker.Main)
	switch {
	case len(m.Exports) == 0:
		e.add(entry, "the entry point exports nothing: service-worker format (addEventListener) is not served; write `export default { async fetch(request, env, ctx) { … } }`, see "+migrateDocs)
	case !slices.Contains(m.Exports, "default"):
		r.Warnings = append(r.Warnings, Message{File: entry, Text: "there is no `export default`, so nothing answers requests or events"})
	}
}

// checkNode names the flag when a node: module survived tree shaking. Dynamic
// imports and require() may be meant to fail.
func (s *Session) checkNode(m *meta, e *Error) {
	if s.worker.NodeCompat() {
		return
	}
	var said []string
	for _, i := range m.Imports {
		if !i.External || i.Kind != "import-statement" || !strings.HasPrefix(i.Path, "node:") || slices.Contains(said, i.Path) || s.nodeAllowed(i.Path) {
			continue
		}
		said = append(said, i.Path)
		s.collect.mu.Lock()
		importer := s.collect.importers[i.Path]
		s.collect.mu.Unlock()
		e.add(s.rel(importer), fmt.Sprintf("%q is built into Node; %s", i.Path, s.nodeFlag()))
	}
}

// nodeAllowed: single modules have flags of their own.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/
func (s *Session) nodeAllowed(path string) bool {
	name := strings.TrimPrefix(path, "node:")
	for _, f := range s.worker.CompatibilityFlags {
		if f == "nodejs_als" && name == "async_hooks" || f == "enable_nodejs_"+name+"_module" {
			return true
		}
	}
	return false
}

// nodeFlag is what to write into the Wrangler file for Node's modules.
func (s *Session) nodeFlag() string {
	if s.worker.NodeCompat() {
		return "with nodejs_compat it is there without \"node:\" from compatibility_date = \"2024-09-23\" on; see " + fileLabel(s.worker.File)
	}
	return `put compatibility_flags = ["nodejs_compat"] in ` + fileLabel(s.worker.File)
}

// checkClasses compares the bindings with what the entry point exports.
func (s *Session) checkClasses(exports []string, e *Error) {
	for _, d := range s.worker.DurableObjects {
		if (d.Script == "" || d.Script == s.worker.Name) && !slices.Contains(exports, d.Class) {
			e.add(s.rel(s.worker.Main), fmt.Sprintf("the Durable Object binding %s needs the class %q, which the entry point does not export", d.Binding, d.Class))
		}
	}
}

func quoteJS(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return string(b)
}
