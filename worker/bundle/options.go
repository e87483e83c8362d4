package bundle

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strconv"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
	"flint/worker/bundle/nodejs"
)

// mainName is the main module of every bundled Worker.
const mainName = "index.js"

// options are Wrangler's: what it passes to esbuild decides which file of a
// package is taken and which syntax is lowered.
func (s *Session) options() api.BuildOptions {
	w := &s.worker
	node, inject := s.node()
	return api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: w.Main, OutputPath: "index"}},
		AbsWorkingDir:       w.Dir,
		Outdir:              w.Dir, // nothing is written; the sources in the map are relative to it
		AllowOverwrite:      true,
		Bundle:              true,
		Format:              api.FormatESModule,
		Platform:            api.PlatformBrowser,
		Target:              api.ES2024,
		Supported:           map[string]bool{"import-source": true},
		Conditions:          []string{"workerd", "worker", "browser"},
		Loader:              map[string]api.Loader{".js": api.LoaderJSX, ".mjs": api.LoaderJSX, ".cjs": api.LoaderJSX},
		Define:              defines(w),
		External:            []string{"__STATIC_CONTENT_MANIFEST"},
		Tsconfig:            w.Build.TSConfig,
		JSXFactory:          w.Build.JSXFactory,
		JSXFragment:         w.Build.JSXFragment,
		MinifyWhitespace:    w.Build.Minify,
		MinifyIdentifiers:   w.Build.Minify,
		MinifySyntax:        w.Build.Minify,
		KeepNames:           !w.Build.DropNames,
		Sourcemap:           api.SourceMapExternal,
		SourcesContent:      api.SourcesContentInclude,
		Metafile:            true,
		LogLevel:            api.LogLevelSilent,
		Inject:              inject,
		Plugins:             []api.Plugin{s.collect.plugin(), aliasPlugin(w), node, cloudflarePlugin()},
	}
}

// checkPolyfills refuses a Worker whose globals are polyfills that are not there.
func (s *Session) checkPolyfills() error {
	w := &s.worker
	if s.polyfills != "" || !w.NodeCompatV2() {
		return nil
	}
	if env := nodejs.For(w.CompatibilityDate, w.CompatibilityFlags); len(env.Globals)+len(env.Polyfills) == 0 {
		return nil
	}
	e := newError("nodejs_compat with compatibility date %s needs polyfills of Node's modules, which are not installed: run `flint doctor --install` (needs npm)", w.CompatibilityDate)
	e.Inputs = []string{w.Main}
	return e
}

// node answers the imports of Node's modules, and names what runs before the
// Worker to provide Node's globals.
func (s *Session) node() (plugin api.Plugin, inject []string) {
	w := &s.worker
	if !w.NodeCompatV2() {
		return nodePlugin(s.collect), nil
	}
	p := &polyfills{env: nodejs.For(w.CompatibilityDate, w.CompatibilityFlags), dir: s.polyfills, worker: w.Dir, imported: s.collect}
	return p.plugin(), p.inject()
}

// defines are constants that replace expressions; the Worker's own win.
func defines(w *config.Worker) map[string]string {
	env := os.Getenv("NODE_ENV")
	if env == "" {
		env = "development"
	}
	out := map[string]string{
		"process.env.NODE_ENV":            strconv.Quote(env),
		"global.process.env.NODE_ENV":     strconv.Quote(env),
		"globalThis.process.env.NODE_ENV": strconv.Quote(env),
	}
	if hasNavigator(w) {
		out["navigator.userAgent"] = `"Cloudflare-Workers"`
	}
	for k, v := range w.Build.Define {
		out[k] = v
	}
	return out
}

// hasNavigator: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#global-navigator
func hasNavigator(w *config.Worker) bool {
	if slices.Contains(w.CompatibilityFlags, "no_global_navigator") {
		return false
	}
	return w.CompatibilityDate >= "2022-03-21" || slices.Contains(w.CompatibilityFlags, "global_navigator")
}

// meta is what esbuild says about the main module.
type meta struct {
	Exports []string `json:"exports"`
	Imports []struct {
		Path     string `json:"path"`
		Kind     string `json:"kind"`
		External bool   `json:"external"`
	} `json:"imports"`
}

func readMeta(file string) (*meta, error) {
	var all struct {
		Outputs map[string]*meta `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(file), &all); err != nil {
		return nil, err
	}
	for name, m := range all.Outputs {
		if name == mainName && m != nil {
			return m, nil
		}
	}
	return &meta{}, nil
}

// withFile names the generated file in a source map, so that a Mapper knows
// which frames of a stack are its own.
func withFile(sourceMap []byte) []byte {
	rest, ok := bytes.CutPrefix(sourceMap, []byte("{"))
	if !ok {
		return sourceMap
	}
	return append([]byte(`{"file":"`+mainName+`",`), rest...)
}
