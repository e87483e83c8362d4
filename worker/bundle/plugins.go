package bundle

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
	"flint/worker/bundle/nodejs"
)

func isBuiltin(path string) bool {
	name, prefixed := strings.CutPrefix(path, "node:")
	return prefixed || slices.Contains(nodejs.Builtins, name)
}

const requiredNode = "flint-required-node"

// nodePlugin leaves Node's modules to workerd, under their full names. A
// require() of one becomes an import, because workerd's ES modules cannot
// require. Without the flag a package of that name may be bundled instead.
func nodePlugin(c *collector) api.Plugin {
	return api.Plugin{Name: "flint-node", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: `^node:`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			name := "node:" + strings.TrimPrefix(args.Path, "node:")
			c.noteImporter(name, args.Importer)
			return api.OnResolveResult{Path: name, External: true}, nil
		})
	}}
}

// loadRequired makes a CommonJS module of each module of Node's that require()
// asks for: its default export, as Node has it.
func loadRequired(build api.PluginBuild) {
	build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: requiredNode}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		code := "import lib from " + quoteJS(args.Path) + ";\nmodule.exports = lib;\n"
		return api.OnLoadResult{Contents: &code, Loader: api.LoaderJS}, nil
	})
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
			if _, skip := args.PluginData.(ownResolve); skip {
				return api.OnResolveResult{}, nil
			}
			found := build.Resolve(w.Build.Alias[args.Path], api.ResolveOptions{ResolveDir: w.Dir, Kind: args.Kind, PluginData: ownResolve{}})
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
