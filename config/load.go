package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"flint/internal/clock"
)

// Options say what to load.
type Options struct {
	Dir   string         // holds a flint.toml or a Wrangler file; "" is the working directory
	Files []string       // -c: Wrangler files in place of those that Dir names; relative to Dir
	Env   string         // --env; "" also looks at CLOUDFLARE_ENV, as Wrangler does
	Flags *pflag.FlagSet // flags that were set override everything; may be nil
	Today string         // YYYY-MM-DD for a Worker without compatibility_date; "" is the machine's date
}

// FlintFile is the name of flint's own file.
const FlintFile = "flint.toml"

// WranglerFiles are the names of a Wrangler file; the first that exists counts.
var WranglerFiles = []string{"wrangler.json", "wrangler.jsonc", "wrangler.toml"}

// Load reads everything that describes a project. What a person can mend
// arrives as an *Error with all problems of all files at once.
//
// With a flint.toml in Dir, its lists are the project. Without one, Dir's
// Wrangler file is the one Worker, unless a flint.toml above (up to the
// repository's root) lists Dir among its workers: then the project is that
// one, with Dir's Worker first, so that it owns the port.
func Load(opt Options) (*Project, error) {
	if opt.Env == "" {
		opt.Env = os.Getenv("CLOUDFLARE_ENV")
	}
	if opt.Today == "" {
		opt.Today = clock.New().Now().Format(time.DateOnly)
	}
	dir, err := openDir(opt.Dir)
	if err != nil {
		return nil, err
	}
	opt.Dir = dir
	l := &loader{opt: opt, project: &Project{Env: opt.Env}}
	if err := l.load(); err != nil {
		return nil, err
	}
	return l.project, nil
}

func openDir(dir string) (string, error) {
	abs, err := filepath.Abs(or(dir, "."))
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	switch {
	case err != nil:
		return "", problemf(abs, "", "%s", plainError(err))
	case !info.IsDir():
		return "", problemf(abs, "", "is a file, want a folder; name a Wrangler file with -c")
	}
	return abs, nil
}

// loader gathers one project.
type loader struct {
	opt             Options
	project         *Project
	flint           *flintFile
	problems        []Problem
	dev             *node // [dev] of the first Worker
	named           bool  // some Worker has the wanted environment
	filesWithoutEnv []string
}

func (l *loader) load() error {
	if err := l.findFlint(); err != nil {
		return err
	}
	files, err := l.workerFiles()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := l.addFile(f); err != nil {
			return err
		}
	}
	l.addPages()
	if err := l.readSettings(); err != nil {
		return err
	}
	l.checkProject()
	if len(l.problems) > 0 {
		return &Error{l.problems}
	}
	return nil
}

// fail keeps the problems of an *Error and returns any other error.
func (l *loader) fail(err error) error {
	var e *Error
	if errors.As(err, &e) {
		l.problems = append(l.problems, e.Problems...)
		return nil
	}
	return err
}

// findFlint looks for flint.toml in Dir, else above it.
func (l *loader) findFlint() error {
	l.project.Root = l.opt.Dir
	own := filepath.Join(l.opt.Dir, FlintFile)
	if exists(own) {
		f, err := readFlintFile(own)
		l.flint = f
		return err
	}
	for dir := l.opt.Dir; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, FlintFile)
		if exists(path) {
			f, err := readFlintFile(path)
			if err != nil {
				return err
			}
			if f.listsWorker(l.opt.Dir) {
				l.flint, l.project.Root = f, dir
				return nil
			}
		}
		if exists(filepath.Join(dir, ".git")) || dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// workerFiles are the Wrangler files to load, the port's owner first.
func (l *loader) workerFiles() ([]string, error) {
	if len(l.opt.Files) > 0 {
		return l.namedFiles()
	}
	if l.flint == nil || !l.flint.hasWorkers() {
		path, err := findWrangler(l.opt.Dir)
		if err != nil && l.flint != nil && len(l.flint.pages) > 0 {
			return nil, nil // Pages only
		}
		return []string{path}, err
	}
	return l.listedFiles(), nil
}

// listedFiles are those of flint.toml's `workers`.
func (l *loader) listedFiles() []string {
	var out []string
	for _, w := range l.flint.workers {
		path := w.path
		if filepath.Ext(path) == "" || isDir(path) {
			found, err := findWrangler(path)
			if err != nil {
				l.problems = append(l.problems, Problem{l.flint.report.file, w.pos.line, w.pos.col, w.key, wranglerMissing(path)})
				continue
			}
			path = found
		}
		if filepath.Dir(path) == l.opt.Dir && l.opt.Dir != l.project.Root {
			out = slices.Insert(out, 0, path)
			continue
		}
		out = append(out, path)
	}
	return out
}

func (l *loader) namedFiles() ([]string, error) {
	var out []string
	for _, f := range l.opt.Files {
		out = append(out, absolute(l.opt.Dir, f))
	}
	if l.flint == nil {
		l.project.Root = filepath.Dir(out[0])
	}
	return out, nil
}

func findWrangler(dir string) (string, error) {
	for _, name := range WranglerFiles {
		if path := filepath.Join(dir, name); exists(path) {
			return path, nil
		}
	}
	return "", problemf(dir, "", "%s", wranglerMissing(dir))
}

func wranglerMissing(dir string) string {
	if !isDir(dir) {
		return fmt.Sprintf("there is no folder %s", displayPath(dir))
	}
	for above := filepath.Dir(dir); above != filepath.Dir(above); above = filepath.Dir(above) {
		for _, name := range append([]string{FlintFile}, WranglerFiles...) {
			if path := filepath.Join(above, name); exists(path) {
				return fmt.Sprintf("no flint.toml and no wrangler.json, .jsonc or .toml here; there is one above, at %s", path)
			}
		}
		if exists(filepath.Join(above, ".git")) {
			break
		}
	}
	return "no flint.toml and no wrangler.json, .jsonc or .toml here"
}

// addFile loads one Wrangler file as a Worker, or as a Pages project.
func (l *loader) addFile(path string) error {
	f, err := readWrangler(path)
	if err != nil {
		return l.fail(err)
	}
	l.project.Files = append(l.project.Files, path)
	if f.root.get("pages_build_output_dir").str() != "" && f.root.get("main") == nil {
		l.addPagesFile(f, filepath.Dir(path))
		return nil
	}
	w, err := l.worker(f)
	l.project.Warnings = append(l.project.Warnings, f.report.warnings...)
	if err != nil {
		return l.fail(err)
	}
	if len(l.project.Workers) == 0 {
		l.dev = f.root.get("dev")
	}
	l.project.Workers = append(l.project.Workers, *w)
	return nil
}

func (l *loader) worker(f *wranglerFile) (*Worker, error) {
	acceptQueueList("", f.root, f.report)
	if l.opt.Env != "" {
		if named := f.root.get("env").get(l.opt.Env); named != nil {
			acceptQueueList("env."+l.opt.Env+".", named, f.report)
		}
	}
	v := newView(f.root, l.opt.Env, f.report)
	if v.envFound != nil && len(envNames(f.root)) > 0 {
		l.named = true
	} else if v.envFound != nil {
		l.filesWithoutEnv = append(l.filesWithoutEnv, f.report.file)
	}
	if err := f.report.err(); err != nil {
		return nil, err
	}
	v.checkKeys()
	if err := f.report.err(); err != nil {
		return nil, err
	}
	r := &workerReader{view: v, w: &Worker{File: f.path, Dir: filepath.Dir(f.path)}, taken: map[string]declaration{}, today: l.opt.Today}
	r.read()
	if r.w.Main == "" && r.w.Assets == nil {
		f.report.errorf(position{}, "", `neither "main" (the Worker's entry point) nor "assets" is set, so there is nothing to run`)
	}
	l.project.Files = append(l.project.Files, r.files...)
	return r.w, f.report.err()
}

// checkProject looks at what only shows with all Workers together.
func (l *loader) checkProject() {
	if l.opt.Env != "" && !l.named && len(l.filesWithoutEnv) > 0 {
		l.problems = append(l.problems, Problem{File: l.filesWithoutEnv[0], Text: fmt.Sprintf("there is no environment %q; the file has none: add [env.%s]", l.opt.Env, l.opt.Env)})
	}
	if len(l.project.Workers) == 0 && len(l.project.Pages) == 0 && len(l.problems) == 0 {
		l.problems = append(l.problems, Problem{File: displayPath(l.project.Root), Text: "nothing to run: no Worker and no Pages project"})
	}
	byName := map[string]string{}
	for _, w := range l.project.Workers {
		if first, twice := byName[w.Name]; twice {
			l.problems = append(l.problems, Problem{File: displayPath(w.File), Key: "name", Text: fmt.Sprintf("%q is already the name of the Worker in %s", w.Name, displayPath(first))})
		}
		byName[w.Name] = w.File
	}
	for _, w := range l.project.Workers {
		l.warnUnknownWorkers(&w, byName)
	}
}

// warnUnknownWorkers names Workers that a Worker calls and the project lacks.
func (l *loader) warnUnknownWorkers(w *Worker, known map[string]string) {
	warn := func(kind, binding, target string) {
		if _, ok := known[target]; ok || target == "" {
			return
		}
		l.project.Warnings = append(l.project.Warnings, fmt.Sprintf(
			"%s: %s %s means the Worker %q, which is not part of this project; list its folder among the workers of flint.toml", displayPath(w.File), kind, binding, target))
	}
	for _, s := range w.Services {
		warn("the service binding", s.Binding, s.Service)
	}
	for _, d := range w.DurableObjects {
		warn("the Durable Object binding", d.Binding, d.Script)
	}
}
