package bundle

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
)

// ModuleType says how workerd loads a module.
type ModuleType string

// The types of modules.
const (
	ESModule ModuleType = "esm"
	CommonJS ModuleType = "cjs"
	Text     ModuleType = "text" // a string
	Data     ModuleType = "data" // an ArrayBuffer
	Wasm     ModuleType = "wasm" // a WebAssembly.Module
	JSON     ModuleType = "json" // no_bundle only: bundling inlines JSON
)

// Module is one module of the Worker.
type Module struct {
	Name    string // how other modules import it; flat ("1f2e…-add.wasm") unless no_bundle
	Type    ModuleType
	Content []byte
}

// Result is a bundled Worker.
type Result struct {
	Modules   []Module  // the main one first, then sorted by name
	Main      string    // name of the main module
	SourceMap []byte    // of the main module, with its sources inlined; nil for no_bundle
	Exports   []string  // of the main module
	Inputs    []string  // absolute paths of every file that was read, sorted: what a watcher watches
	Warnings  []Message // things that are probably slips
}

// Options say what to bundle.
type Options struct {
	Worker config.Worker
	// Polyfills is a folder whose node_modules has the pinned packages with
	// polyfills of Node's modules. Without it a Worker that needs one fails.
	Polyfills string
}

// Build bundles once. It stops early when ctx ends. What a person can mend
// arrives as an *Error.
func Build(ctx context.Context, opt Options) (*Result, error) {
	s, err := NewSession(opt)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	r, err := s.Rebuild()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return r, err
}

// buildGCPercent is GOGC while a Worker is built: the heap may grow to nine
// times what is in use.
const buildGCPercent = 800

// gc counts the builds under way: the last one to end restores GOGC.
var gc struct {
	sync.Mutex
	builds, before int
}

func relaxGC() (restore func()) {
	gc.Lock()
	defer gc.Unlock()
	if gc.builds++; gc.builds == 1 {
		gc.before = debug.SetGCPercent(buildGCPercent)
	}
	return func() {
		gc.Lock()
		defer gc.Unlock()
		if gc.builds--; gc.builds == 0 {
			debug.SetGCPercent(gc.before)
		}
	}
}

// Session bundles again and again, keeping what did not change. Its methods
// may be called from several goroutines.
type Session struct {
	worker    config.Worker
	polyfills string
	collect   *collector
	esbuild   api.BuildContext // nil for no_bundle; set once
	mu        sync.Mutex       // one build at a time
	closed    bool
}

// NewSession checks the options. Nothing is built until Rebuild.
func NewSession(opt Options) (*Session, error) {
	s := &Session{worker: opt.Worker, polyfills: opt.Polyfills}
	w := &s.worker
	if w.Dir == "" {
		w.Dir = filepath.Dir(w.Main)
	}
	if w.Main == "" {
		return nil, newError("the Worker has no entry point: set \"main\" in %s", fileLabel(w.File))
	}
	if filepath.Ext(w.Main) == ".py" {
		return nil, newError("%s: flint does not serve Python Workers yet", s.rel(w.Main))
	}
	if !isFile(w.Main) {
		e := newError("the entry point %s does not exist%s", s.rel(w.Main), entryHint(w))
		e.Inputs = []string{w.Main}
		return nil, e
	}
	// esbuild names files by their real paths; the map's sources are relative to Dir.
	w.Dir, w.Main = realPath(w.Dir), realPath(w.Main)
	rules, err := compileRules(w.Build.Rules)
	if err != nil {
		return nil, err
	}
	s.collect = newCollector(w, rules)
	if w.Build.NoBundle {
		return s, nil
	}
	if err := s.checkPolyfills(); err != nil {
		return nil, err
	}
	es, failure := api.Context(s.options())
	if failure != nil {
		return nil, s.failed(failure.Errors)
	}
	s.esbuild = es
	return s, nil
}

// entryHint helps when a build command should have made the entry point.
func entryHint(w *config.Worker) string {
	if w.Build.Command != "" {
		return "; did build.command (" + w.Build.Command + ") write it?"
	}
	return "; \"main\" in " + fileLabel(w.File) + " names it"
}

// Rebuild bundles what the files now hold. After an *Error the session can be
// used again: its Inputs are the files to watch for the mend.
func (s *Session) Rebuild() (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, newError("the bundler is closed")
	}
	if s.esbuild == nil {
		return s.unbundled()
	}
	// esbuild makes much garbage in little time: collecting less of it saves a
	// quarter of the time of a build.
	defer relaxGC()()
	out := s.esbuild.Rebuild()
	if len(out.Errors) > 0 {
		return nil, s.failed(out.Errors)
	}
	return s.result(&out)
}

// Close frees the session.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.esbuild != nil && !s.closed {
		s.esbuild.Dispose()
	}
	s.closed = true
}

func (s *Session) cancel() {
	if s.esbuild != nil {
		s.esbuild.Cancel()
	}
}

// result assembles esbuild's output.
func (s *Session) result(out *api.BuildResult) (*Result, error) {
	r := &Result{Main: mainName, Warnings: s.messages(out.Warnings), Inputs: s.inputs()}
	var code []byte
	for _, f := range out.OutputFiles {
		switch filepath.Base(f.Path) {
		case mainName:
			code = f.Contents
		case mainName + ".map":
			r.SourceMap = withFile(f.Contents)
		}
	}
	meta, err := readMeta(out.Metafile)
	if err != nil {
		return nil, err
	}
	r.Exports = meta.Exports
	if err := s.check(meta, r); err != nil {
		err.Inputs = r.Inputs
		return nil, err
	}
	r.Modules = append([]Module{{mainName, ESModule, code}}, s.collect.sorted()...)
	return r, nil
}

// inputs adds to what esbuild read the files that steer it.
func (s *Session) inputs() []string {
	out := s.collect.inputs()
	if ts := s.worker.Build.TSConfig; ts != "" {
		out = append(out, ts)
	} else if ts := findUpwards(filepath.Dir(s.worker.Main), "tsconfig.json"); ts != "" {
		out = append(out, ts)
	}
	if pkg := findUpwards(filepath.Dir(s.worker.Main), "package.json"); pkg != "" {
		out = append(out, pkg)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// findUpwards finds a file in dir or the nearest folder above.
func findUpwards(dir, name string) string {
	for {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
		dir = filepath.Dir(dir)
	}
}

// rel is a path as shown: relative to the Worker's folder.
func (s *Session) rel(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	if r, err := filepath.Rel(s.worker.Dir, path); err == nil && !strings.HasPrefix(r, "../../..") {
		return filepath.ToSlash(r)
	}
	return path
}

func fileLabel(path string) string {
	if path == "" {
		return "the Wrangler file"
	}
	return filepath.Base(path)
}

func realPath(path string) string {
	if r, err := filepath.EvalSymlinks(path); err == nil {
		return r
	}
	return path
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
