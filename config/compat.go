package config

import "slices"

// nodeByDefault is the compatibility date from which workerd turns
// nodejs_compat and nodejs_compat_v2 on without the flags.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/#nodejs-compatibility-flag
const nodeByDefault = "2026-08-04"

func (w *Worker) flag(name string) bool { return slices.Contains(w.CompatibilityFlags, name) }

// NodeCompat reports whether node: modules are served to the Worker. It
// depends on CompatibilityDate: ask after the date has its final value.
func (w *Worker) NodeCompat() bool {
	switch {
	case w.flag("nodejs_compat"), w.flag("nodejs_compat_v2"):
		return true
	case w.flag("no_nodejs_compat"):
		return false
	}
	return w.CompatibilityDate >= nodeByDefault
}

// nodeV2From is the compatibility date from which nodejs_compat means
// nodejs_compat_v2: Node's globals, and polyfills of what workerd lacks.
const nodeV2From = "2024-09-23"

// NodeCompatV2 reports whether the Worker has Node's globals and, for modules
// that workerd lacks, polyfills, as Wrangler decides it. Like NodeCompat it
// depends on the final CompatibilityDate.
func (w *Worker) NodeCompatV2() bool {
	switch {
	case w.flag("nodejs_compat_v2"):
		return true
	case w.flag("no_nodejs_compat_v2"):
		return false
	case w.CompatibilityDate >= nodeByDefault:
		return true
	}
	return w.flag("nodejs_compat") && w.CompatibilityDate >= nodeV2From
}

// RuntimeFlags are the flags to give to workerd, which refuses to start when
// one is written twice or when the date already implies nodejs_compat. A flag
// that stands beside its opposite stays, so that workerd names the conflict.
func (w *Worker) RuntimeFlags() []string {
	var out []string
	for _, f := range w.CompatibilityFlags {
		node := f == "nodejs_compat" || f == "nodejs_compat_v2"
		if slices.Contains(out, f) || node && w.CompatibilityDate >= nodeByDefault && !w.flag("no_"+f) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// D1ByRPC reports whether the Worker's D1 bindings call by RPC in place of
// HTTP. The flag is an experimental one of workerd's, which no date turns on.
func (w *Worker) D1ByRPC() bool { return w.flag("d1_binding_jsrpc") }
