package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"flint/worker/bundle/nodejs"
)

const (
	requiredShim  = "flint-required-shim"
	globalsPrefix = "flint-node-globals:"
)

// polyfills leads imports of Node's modules to workerd's own or to polyfills,
// as Wrangler does for a Worker with nodejs_compat_v2.
type polyfills struct {
	env      *nodejs.Environment
	dir      string // whose node_modules has the packages; "" if there is none
	worker   string // the Worker's folder
	imported *collector
}

// plugin answers imports of the environment's paths, and of what is injected.
func (p *polyfills) plugin() api.Plugin {
	return api.Plugin{Name: "flint-node-polyfills", Setup: func(build api.PluginBuild) {
		filter := `^(?:` + alternatives(slices.Sorted(maps.Keys(p.env.Aliases))) + `|node:.+)$`
		build.OnResolve(api.OnResolveOptions{Filter: filter}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return p.resolve(build, args), nil
		})
		loadRequired(build)
		build.OnResolve(api.OnResolveOptions{Filter: `^debug$`}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: p.debugFile()}, nil
		})
		build.OnResolve(api.OnResolveOptions{Filter: `^(?:unenv|@cloudflare/unenv-preset)/`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			if _, skip := args.PluginData.(ownResolve); skip {
				return api.OnResolveResult{}, nil
			}
			return p.find(build, args.Path, args.Path, args.Kind), nil
		})
		build.OnResolve(api.OnResolveOptions{Filter: `^` + globalsPrefix}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: strings.TrimPrefix(args.Path, globalsPrefix), Namespace: "flint-node-globals", SideEffects: api.SideEffectsTrue}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "flint-node-globals"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			code := p.globals(args.Path)
			return api.OnLoadResult{Contents: &code, Loader: api.LoaderJS, ResolveDir: p.worker}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: requiredShim}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			code := fmt.Sprintf(commonJSOfShim, quoteJS(args.Path))
			return api.OnLoadResult{Contents: &code, Loader: api.LoaderJS, ResolveDir: p.worker}, nil
		})
	}}
}

// commonJSOfShim gives require() the exports of an ES module: its default
// export, if there is one, with the named ones as properties.
const commonJSOfShim = `import * as shim from %s;
module.exports = Object.entries(shim).filter(([name]) => name !== "default").reduce(
  (out, [name, value]) => Object.defineProperty(out, name, { value, enumerable: true }),
  "default" in shim ? shim.default : {},
);
`

// resolve answers the import of a path that has an alias, or of any "node:…".
func (p *polyfills) resolve(build api.PluginBuild, args api.OnResolveArgs) api.OnResolveResult {
	builtin := isBuiltin(args.Path)
	if builtin && args.Kind == api.ResolveJSRequireCall {
		return api.OnResolveResult{Path: args.Path, Namespace: requiredNode}
	}
	target, aliased := p.env.Aliases[args.Path]
	switch {
	case !aliased, p.env.Native(args.Path): // "node:x" that nobody knows is for workerd to refuse
		name := "node:" + strings.TrimPrefix(args.Path, "node:")
		p.imported.noteImporter(name, args.Importer)
		return api.OnResolveResult{Path: name, External: true}
	case !builtin && args.Kind == api.ResolveJSRequireCall:
		return api.OnResolveResult{Path: args.Path, Namespace: requiredShim}
	}
	return p.find(build, args.Path, target, args.Kind)
}

// find gives the file of a polyfill that an import asks for.
func (p *polyfills) find(build api.PluginBuild, asked, path string, kind api.ResolveKind) api.OnResolveResult {
	if p.dir == "" {
		text := fmt.Sprintf("%q needs a polyfill, and the packages with Node's polyfills are not installed: run `flint doctor --install` (needs npm)", asked)
		return api.OnResolveResult{Errors: []api.Message{{Text: text}}}
	}
	found := build.Resolve(path, api.ResolveOptions{ResolveDir: p.dir, Kind: kind, PluginData: ownResolve{}})
	if len(found.Errors) > 0 {
		return api.OnResolveResult{Errors: found.Errors}
	}
	effects := api.SideEffectsFalse
	if found.SideEffects {
		effects = api.SideEffectsTrue
	}
	return api.OnResolveResult{Path: found.Path, External: found.External, Namespace: found.Namespace, SideEffects: effects}
}

// inject are the modules that run before the Worker: one for each module that
// provides globals, and those that act by themselves.
func (p *polyfills) inject() (paths []string) {
	var modules []string
	for _, g := range p.env.Globals {
		modules = append(modules, globalsPrefix+g.Module)
	}
	slices.Sort(modules)
	return append(slices.Compact(modules), p.env.Polyfills...)
}

// globals is the code that sets the globals which one module provides.
func (p *polyfills) globals(module string) string {
	var code strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.env.Globals)) {
		if g := p.env.Globals[name]; g.Module == module {
			fmt.Fprintf(&code, "import { %s as %s_ } from %s;\nglobalThis.%s = %s_;\n", g.Export, name, quoteJS(module), name, name)
		}
	}
	return code.String()
}

// debugFile is the file that the package debug has for Node, which Wrangler
// takes in place of the one for browsers; "" if the package is not there.
func (p *polyfills) debugFile() string {
	manifest := findUpwards(p.worker, filepath.Join("node_modules", "debug", "package.json"))
	data, err := os.ReadFile(manifest)
	var pkg struct{ Main string }
	if err != nil || json.Unmarshal(data, &pkg) != nil {
		return ""
	}
	file := filepath.Join(filepath.Dir(manifest), filepath.FromSlash(pkg.Main))
	if filepath.Ext(file) == "" {
		file += ".js"
	}
	return file
}
