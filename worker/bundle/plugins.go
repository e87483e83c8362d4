package bundle

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
)

// nodeBuiltins are the modules that Node has without a prefix.
// https://nodejs.org/api/module.html#modulebuiltinmodules
var nodeBuiltins = strings.Fields(`_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server
	_stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_wrap
	assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns
	dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix
	path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers
	stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm
	wasi worker_threads zlib`)

func isBuiltin(path string) bool {
	name, prefixed := strings.CutPrefix(path, "node:")
	return prefixed || slices.Contains(nodeBuiltins, name)
}

const requiredNode = "flint-required-node"

// nodePlugin leaves Node's modules to workerd, under their full names. A
// require() of one becomes an import, because workerd's ES modules cannot
// require. Without the flag a package of that name may be bundled instead.
func nodePlugin(w *config.Worker, c *collector) api.Plugin {
	return api.Plugin{Name: "flint-node", Setup: func(build api.PluginBuild) {
		filter := `^node:`
		if w.NodeCompat() {
			filter = `^(?:node:.+|` + alternatives(nodeBuiltins) + `)$`
		}
		build.OnResolve(api.OnResolveOptions{Filter: filter}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			name := "node:" + strings.TrimPrefix(args.Path, "node:")
			c.noteImporter(name, args.Importer)
			if args.Kind == api.ResolveJSRequireCall {
				return api.OnResolveResult{Path: name, Namespace: requiredNode}, nil
			}
			return api.OnResolveResult{Path: name, External: true}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: requiredNode}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			code := "import lib from " + quoteJS(args.Path) + ";\nmodule.exports = lib;\n"
			return api.OnLoadResult{Contents: &code, Loader: api.LoaderJS}, nil
		})
	}}
}

// cloudflarePlugin leaves cloudflare:workers and the like to workerd.
func cloudflarePlugin() api.Plugin {
	return api.Plugin{Name: "flint-cloudflare", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: `^(?:cloudflare|workerd):`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: args.Path, External: true}, nil
		})
	}}
}

// aliasPlugin replaces whole import paths; the replacement is resolved from
// the Worker's folder.
func aliasPlugin(w *config.Worker) api.Plugin {
	return api.Plugin{Name: "flint-alias", Setup: func(build api.PluginBuild) {
		if len(w.Build.Alias) == 0 {
			return
		}
		names := make([]string, 0, len(w.Build.Alias))
		for name := range w.Build.Alias {
			names = append(names, name)
		}
		sort.Strings(names)
		build.OnResolve(api.OnResolveOptions{Filter: `^(?:` + alternatives(names) + `)$`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			if _, skip := args.PluginData.(ours); skip {
				return api.OnResolveResult{}, nil
			}
			found := build.Resolve(w.Build.Alias[args.Path], api.ResolveOptions{ResolveDir: w.Dir, Kind: args.Kind, PluginData: ours{}})
			if len(found.Errors) > 0 {
				return api.OnResolveResult{Errors: found.Errors}, nil
			}
			return api.OnResolveResult{Path: found.Path, External: found.External, Namespace: found.Namespace, Suffix: found.Suffix}, nil
		})
	}}
}

func alternatives(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = regexp.QuoteMeta(n)
	}
	return strings.Join(out, "|")
}
