package bundle

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"flint/config"
)

// Limits of a search for modules: a wrong rule must not read a whole disk.
const (
	maxModules     = 10_000
	maxModuleBytes = 256 << 20
)

// unbundled takes the entry point and the files that the rules name unchanged.
// https://developers.cloudflare.com/workers/wrangler/configuration/#bundling
func (s *Session) unbundled() (*Result, error) {
	w := &s.worker
	s.collect.reset()
	if ext := filepath.Ext(w.Main); slices.Contains([]string{".ts", ".tsx", ".mts", ".cts", ".jsx"}, ext) {
		return nil, newError("%s: no_bundle runs files as they are, and workerd does not run %s files; remove no_bundle", s.rel(w.Main), ext)
	}
	name, err := filepath.Rel(moduleRoot(w), w.Main)
	if err != nil || strings.HasPrefix(name, "..") {
		return nil, newError("%s is not below base_dir %s", s.rel(w.Main), s.rel(moduleRoot(w)))
	}
	meta, failure := s.scan()
	if failure != nil {
		return nil, failure
	}
	content, err := os.ReadFile(w.Main)
	if err != nil {
		return nil, newError("%s: %s", s.rel(w.Main), reason(err))
	}
	r := &Result{Main: filepath.ToSlash(name), Exports: meta.Exports}
	if e := s.check(meta, r); e != nil {
		e.Inputs = s.inputs()
		return nil, e
	}
	r.Modules = []Module{{r.Main, ESModule, content}}
	if w.Build.FindModules == nil || *w.Build.FindModules {
		found, err := findModules(w, s.collect.rules)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			s.collect.noteInput(filepath.Join(moduleRoot(w), filepath.FromSlash(m.Name)))
		}
		r.Modules = append(r.Modules, found...)
	}
	r.Inputs = s.inputs()
	return r, nil
}

// scan reads the entry point's exports and imports.
func (s *Session) scan() (*meta, *Error) {
	out := api.Build(api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: s.worker.Main, OutputPath: "index"}},
		AbsWorkingDir:       s.worker.Dir,
		Outdir:              s.worker.Dir,
		AllowOverwrite:      true,
		Format:              api.FormatESModule,
		Target:              api.ES2024,
		Loader:              map[string]api.Loader{".cjs": api.LoaderJS, ".mjs": api.LoaderJS},
		Metafile:            true,
		LogLevel:            api.LogLevelSilent,
	})
	if len(out.Errors) > 0 {
		return nil, s.failed(out.Errors)
	}
	m, err := readMeta(out.Metafile)
	if err != nil {
		return nil, newError("%s", err)
	}
	return m, nil
}

func moduleRoot(w *config.Worker) string {
	if w.Build.BaseDir != "" {
		return w.Build.BaseDir
	}
	return filepath.Dir(w.Main)
}

// findModules reads the files below the module root that a rule names. Folders
// that start with a dot and node_modules are left out.
func findModules(w *config.Worker, rules []rule) ([]Module, error) {
	root := moduleRoot(w)
	var out []Module
	size := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, path)
		kind := ruleFor(rules, filepath.ToSlash(rel))
		if err != nil || kind == "" || path == w.Main || path == w.File || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out = append(out, Module{filepath.ToSlash(rel), kind, content})
		if size += len(content); size > maxModuleBytes || len(out) > maxModules {
			return fmt.Errorf("the rules match more than %d files or %d MiB below %s; narrow them", maxModules, maxModuleBytes>>20, root)
		}
		return nil
	})
	if err != nil {
		return nil, newError("looking for modules: %s", err)
	}
	return out, nil
}

func ruleFor(rules []rule, path string) ModuleType {
	for _, r := range rules {
		for _, f := range r.files {
			if !r.ignored && f.MatchString(path) {
				return r.module()
			}
		}
	}
	return ""
}
