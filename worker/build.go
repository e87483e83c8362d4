package worker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"flint/config"
	"flint/worker/bundle"
	"flint/worker/shim"
	"flint/worker/workerd"
)

// build is one bundled Worker.
type build struct {
	worker  *config.Worker
	result  *bundle.Result
	modules []workerd.Module      // as they stand in the generation's folder
	mapper  func() *bundle.Mapper // of its stacks, made when the first exception needs it
	hash    [sha256.Size]byte     // of all that runs
}

// buildAll bundles every Worker. The caller holds reloading.
func (r *Runtime) buildAll(ctx context.Context, workers []config.Worker) ([]*build, error) {
	builds := make([]*build, len(workers))
	for i := range workers {
		b, err := r.order[i].bundle(ctx, &workers[i])
		if err != nil {
			return nil, err
		}
		builds[i] = b
	}
	return builds, nil
}

// bundle uses the esbuild session of the Worker, which knows what did not
// change since last time. A changed configuration needs a new session.
func (w *Worker) bundle(ctx context.Context, cfg *config.Worker) (*build, error) {
	if err := w.runtime.runBuildCommand(ctx, cfg); err != nil {
		return nil, err
	}
	if w.session != nil && !sameInput(*w.built, *cfg) {
		w.closeSession()
	}
	if w.session == nil {
		s, err := bundle.NewSession(bundle.Options{Worker: *cfg, Polyfills: workerd.FindPolyfills("")})
		if err != nil {
			return nil, err
		}
		w.session, w.built = s, cfg
	}
	res, err := w.session.Rebuild()
	if err != nil {
		var failed *bundle.Error
		if errors.As(err, &failed) {
			w.setInputs(failed.Inputs) // what may mend it
		}
		return nil, err
	}
	for _, m := range res.Warnings {
		w.runtime.log.Warn("build warning: " + m.String())
	}
	w.setInputs(res.Inputs)
	return newBuild(cfg, res), nil
}

// sameInput reports whether a session made for a also serves b: whether all is
// equal that the bundler may look at.
func sameInput(a, b config.Worker) bool {
	for _, w := range []*config.Worker{&a, &b} {
		w.Vars, w.Routes, w.KV, w.D1, w.R2, w.QueueProducers, w.QueueConsumers = nil, nil, nil, nil, nil, nil, nil
		w.Services, w.Unserved, w.AI, w.Assets, w.Crons = nil, nil, "", nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func (w *Worker) closeSession() {
	if w.session != nil {
		w.session.Close()
		w.session = nil
	}
}

// Inputs are the files that the Worker's bundle was made from, absolute.
func (w *Worker) Inputs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.inputs
}

func (w *Worker) setInputs(files []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inputs = files
}

func newBuild(cfg *config.Worker, res *bundle.Result) *build {
	b := &build{worker: cfg, result: res}
	b.mapper = sync.OnceValue(func() *bundle.Mapper {
		m, err := bundle.NewMapper(res.SourceMap)
		if err != nil {
			return nil // a no_bundle Worker has no source map
		}
		return m
	})
	h := sha256.New()
	for _, m := range res.Modules {
		fmt.Fprintf(h, "%s %s %d\n", m.Name, m.Type, len(m.Content))
		h.Write(m.Content)
	}
	hashConfig(h, cfg)
	h.Sum(b.hash[:0])
	return b
}

// hashConfig covers everything of the configuration that reaches workerd.
func hashConfig(h hash.Hash, cfg *config.Worker) {
	fmt.Fprintf(h, "%+v %+v %+v %+v %+v %+v %+v %+v %+v %+v %s %s", cfg.Unserved, varsText(cfg.Vars), cfg.KV, cfg.D1, cfg.R2, cfg.QueueProducers,
		cfg.DurableObjects, cfg.Migrations, cfg.Services, cfg.CompatibilityFlags, cfg.CompatibilityDate, cfg.AI)
	if cfg.Assets != nil {
		fmt.Fprint(h, cfg.Assets.Binding)
	}
}

// varsText writes values too: a Var prints its secret masked.
func varsText(vars []config.Var) (out []string) {
	for _, v := range vars {
		out = append(out, v.Name, v.Text, string(v.JSON))
	}
	return out
}

func same(a, b []*build) bool {
	return slices.EqualFunc(a, b, func(x, y *build) bool { return x.hash == y.hash })
}

var moduleKinds = map[bundle.ModuleType]string{
	bundle.ESModule: "esModule", bundle.CommonJS: "commonJsModule", bundle.Text: "text",
	bundle.Data: "data", bundle.Wasm: "wasm", bundle.JSON: "json",
}

// writeModules writes the modules of all builds into dir.
func writeModules(dir, token string, inspect bool, builds []*build) error {
	for i, b := range builds {
		sub := moduleDir(i)
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
		files := b.files(sub, token, inspect)
		b.setModules(files)
		for _, f := range files {
			if err := os.WriteFile(filepath.Join(dir, f.File), f.content, 0o600); err != nil {
				return err
			}
		}
	}
	texts := map[string]string{
		"dispatcher.js": shim.Dispatcher, "d1_entrypoint.js": shim.D1Entrypoint,
		"d1_binding.js": shim.D1, "unserved.js": shim.Unserved,
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// file is one module of a generation's folder.
type file struct {
	workerd.Module
	content []byte
}

// withSourceMap appends the map where a debugger looks for it.
func withSourceMap(content, sourceMap []byte) []byte {
	out := append([]byte(nil), content...)
	out = append(out, "\n//# sourceMappingURL=data:application/json;base64,"...)
	return base64.StdEncoding.AppendEncode(out, sourceMap)
}

// files lists the modules in sub, the entry module first: workerd starts there.
// For an inspector the main module carries its source map.
func (b *build) files(sub, token string, inspect bool) []file {
	entry := shim.Entry(b.worker.Name, b.result.Main, token, slices.Contains(b.result.Exports, "default"))
	list := []file{{workerd.Module{Name: shim.EntryModule, Kind: "esModule"}, []byte(entry)}}
	for _, m := range b.result.Modules {
		content := m.Content
		if inspect && m.Name == b.result.Main && len(b.result.SourceMap) > 0 {
			content = withSourceMap(content, b.result.SourceMap)
		}
		list = append(list, file{workerd.Module{Name: m.Name, Kind: moduleKinds[m.Type]}, content})
	}
	for i := range list {
		list[i].File = path.Join(sub, fmt.Sprintf("%d-%s", i, safeFile(list[i].Name)))
	}
	return list
}

// setModules names the modules without writing them.
func (b *build) setModules(files []file) {
	b.modules = nil
	for _, f := range files {
		b.modules = append(b.modules, f.Module)
	}
}

// safeFile turns a module's name into one path element.
func safeFile(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' || r < 0x20 {
			return '_'
		}
		return r
	}, name)
}

// mapStack rewrites the frames of a V8 stack to the sources and drops the
// frames of flint's entry module.
func (b *build) mapStack(stack string) string {
	if m := b.mapper(); m != nil {
		stack = m.Stack(stack)
	}
	lines := strings.Split(stack, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
		return strings.Contains(l, shim.EntryModule+":")
	}), "\n")
}

func moduleDir(worker int) string { return fmt.Sprintf("worker%d", worker) }
