package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
)

// collector is told by esbuild what is imported: files that become modules of
// their own, and every file that is read.
type collector struct {
	worker *config.Worker
	rules  []rule

	mu        sync.Mutex
	modules   map[string]Module
	read      map[string]bool
	importers map[string]string // node:fs -> a file that imports it
	found     map[string]string // find_additional_modules: absolute path -> module name
}

func newCollector(w *config.Worker, rules []rule) *collector {
	c := &collector{worker: w, rules: rules}
	c.reset()
	return c
}

func (c *collector) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.modules, c.read, c.importers, c.found = map[string]Module{}, map[string]bool{}, map[string]string{}, map[string]string{}
	c.read[c.worker.Main] = true
}

func (c *collector) noteInput(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read[path] = true
}

func (c *collector) noteImporter(module, importer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.importers[module]; !ok {
		c.importers[module] = importer
	}
}

func (c *collector) add(m Module) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.modules[m.Name] = m
}

func (c *collector) inputs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]string, 0, len(c.read)+2)
	for path := range c.read {
		out = append(out, path)
	}
	return out
}

func (c *collector) sorted() []Module {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Module, 0, len(c.modules))
	for _, m := range c.modules {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Module) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// ownResolve marks a resolution that the plugin itself asks for.
type ownResolve struct{}

func (c *collector) plugin() api.Plugin {
	return api.Plugin{Name: "flint-modules", Setup: func(build api.PluginBuild) {
		build.OnStart(func() (api.OnStartResult, error) {
			c.reset()
			return api.OnStartResult{}, c.findAdditional()
		})
		build.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "file"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			c.noteInput(args.Path)
			return api.OnLoadResult{}, nil
		})
		for _, r := range c.rules {
			for _, filter := range r.imports {
				build.OnResolve(api.OnResolveOptions{Filter: filter}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
					return c.resolve(build, r, args)
				})
			}
		}
	}}
}

// resolve answers an import whose path matches a rule.
func (c *collector) resolve(build api.PluginBuild, r rule, args api.OnResolveArgs) (api.OnResolveResult, error) {
	if _, skip := args.PluginData.(ownResolve); skip || args.Kind == api.ResolveEntryPoint {
		return api.OnResolveResult{}, nil
	}
	if r.ignored {
		text := fmt.Sprintf("%s matches a module rule of type %s that an earlier rule of that type shadows; set fallthrough = true on the earlier one", args.Path, r.kind)
		return api.OnResolveResult{Errors: []api.Message{{Text: text}}}, nil
	}
	path, _, _ := strings.Cut(args.Path, "?") // .wasm?module
	found := build.Resolve(path, api.ResolveOptions{Importer: args.Importer, Namespace: args.Namespace, ResolveDir: args.ResolveDir, Kind: args.Kind, PluginData: ownResolve{}})
	if r.script() {
		return c.resolveScript(found), nil
	}
	if len(found.Errors) > 0 {
		return api.OnResolveResult{Errors: found.Errors}, nil
	}
	content, err := os.ReadFile(found.Path)
	if err != nil {
		return api.OnResolveResult{Errors: []api.Message{{Text: fmt.Sprintf("Could not read %q: %s", args.Path, reason(err))}}}, nil
	}
	c.noteInput(found.Path)
	name := flatName(found.Path, content)
	c.add(Module{name, r.module(), content})
	return api.OnResolveResult{Path: "./" + name, External: true}, nil
}

// resolveScript leaves an additional module outside of the bundle; any other
// script is bundled.
func (c *collector) resolveScript(found api.ResolveResult) api.OnResolveResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.found[found.Path]; ok && len(found.Errors) == 0 {
		return api.OnResolveResult{Path: "./" + name, External: true}
	}
	return api.OnResolveResult{}
}

// findAdditional adds the modules that find_additional_modules asks for.
func (c *collector) findAdditional() error {
	if want := c.worker.Build.FindModules; want == nil || !*want {
		return nil
	}
	root := moduleRoot(c.worker)
	modules, err := findModules(c.worker, c.rules)
	if err != nil {
		return err
	}
	for _, m := range modules {
		if m.Name == mainName {
			return fmt.Errorf("the additional module %s has the name of the bundle; rename it or narrow the rules", m.Name)
		}
		path := filepath.Join(root, filepath.FromSlash(m.Name))
		c.add(m)
		c.noteInput(path)
		c.mu.Lock()
		c.found[path] = m.Name
		c.mu.Unlock()
	}
	return nil
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// flatName is unique by content and needs no folders.
func flatName(path string, content []byte) string {
	sum := sha256.Sum256(content)
	name := unsafeInName.ReplaceAllString(filepath.Base(path), "_")
	if len(name) > 100 {
		name = name[len(name)-100:]
	}
	return hex.EncodeToString(sum[:8]) + "-" + name
}

func reason(err error) string {
	if os.IsNotExist(err) {
		return "it does not exist"
	}
	return err.Error()
}
