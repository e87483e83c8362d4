package emulator

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"flint/config"
	"flint/internal/clock"
	"flint/worker/bundle"
)

// Events of the watcher.
const (
	EventReloaded   = "reloaded"     // ms: from the save to code that answers
	EventBuildError = "build failed" // text: messages with code frames
)

// settle is how long a burst of changes (an editor's save, a checkout) must
// have ended before the Workers are built again.
const settle = 5 * time.Millisecond

func isBuildError(err error) bool {
	var b *bundle.Error
	return errors.As(err, &b)
}

func (e *Emulator) logBuildError(err error) {
	var b *bundle.Error
	if errors.As(err, &b) {
		e.log.Error(EventBuildError, "text", b.Pretty(false))
		return
	}
	e.log.Error("the last good version keeps answering", "error", err)
}

// watcher reloads the Workers when a file that they are made of changes. It
// watches folders, because editors replace files.
type watcher struct {
	e               *Emulator
	notify          *fsnotify.Watcher
	files           map[string]bool // absolute
	configs         map[string]bool // those of files that are configuration
	dirs            map[string]bool
	wholeDirs       map[string]bool // folders of which every file counts
	lastBuildFailed bool            // the last build failed
}

// startWatch watches until ctx ends.
func (e *Emulator) startWatch(ctx context.Context) error {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	w := &watcher{e: e, notify: notify, dirs: map[string]bool{}}
	w.refresh()
	e.routines.Add(1)
	go func() {
		defer e.routines.Done()
		defer notify.Close()
		w.run(ctx)
	}()
	return nil
}

// refresh watches what the Workers consist of now.
func (w *watcher) refresh() {
	w.files, w.wholeDirs = map[string]bool{}, map[string]bool{}
	w.configs = map[string]bool{}
	for _, file := range w.e.project.Files {
		w.configs[file] = true
		w.add(file)
	}
	for i := range w.e.project.Workers {
		cfg := &w.e.project.Workers[i]
		if rw, ok := w.e.runtime.Worker(cfg.Name); ok {
			for _, f := range rw.Inputs() {
				w.add(f)
			}
		}
		if cfg.Main != "" {
			w.add(cfg.Main)
		}
		for _, dir := range cfg.Build.WatchDirs {
			w.addTree(dir)
		}
	}
}

// addTree watches a folder that build.command reads, with those below it.
func (w *watcher) addTree(root string) {
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() == "node_modules" || len(w.wholeDirs) == maxTrees {
			return nil // what cannot be read cannot be watched
		}
		w.wholeDirs[path] = true
		return w.notify.Add(path)
	})
}

// maxTrees bounds the folders that are watched for build.command.
const maxTrees = 2000

func (w *watcher) add(file string) {
	w.files[file] = true
	dir := filepath.Dir(file)
	if w.dirs[dir] || inModules(dir) && len(w.dirs) > 500 {
		return // a limit of the system is worth more than watching every package
	}
	if err := w.notify.Add(dir); err == nil { // a folder that is gone has nothing to watch
		w.dirs[dir] = true
	}
}

func inModules(dir string) bool { return strings.Contains(dir, "node_modules") }

// relevant reports whether a change may change a Worker. While nothing builds,
// any source file may be what was missing.
func (w *watcher) relevant(ev fsnotify.Event) bool {
	if ev.Op == fsnotify.Chmod {
		return false
	}
	if w.files[ev.Name] || w.isConfig(ev.Name) || w.wholeDirs[filepath.Dir(ev.Name)] {
		return true
	}
	return ev.Has(fsnotify.Create) && slices.Contains(sourceExtensions, filepath.Ext(ev.Name))
}

var sourceExtensions = []string{".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".wasm", ".txt", ".html", ".sql", ".bin"}

func (w *watcher) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-w.notify.Errors:
			w.e.log.Warn("watching files failed: a save may go unnoticed", "error", err)
		case ev := <-w.notify.Events:
			if !w.relevant(ev) {
				continue
			}
			watch := clock.StartStopwatch()
			changed := w.collectChanges(ctx, ev)
			if ctx.Err() == nil {
				w.reload(ctx, changed, watch)
			}
		}
	}
}

// collectChanges collects what changes until nothing has for a moment.
func (w *watcher) collectChanges(ctx context.Context, first fsnotify.Event) []string {
	changed := []string{first.Name}
	for {
		quiet, cancel := context.WithTimeout(ctx, settle)
		select {
		case ev := <-w.notify.Events:
			cancel()
			if w.relevant(ev) {
				changed = append(changed, ev.Name)
			}
		case <-quiet.Done():
			cancel()
			return changed
		}
	}
}

func (w *watcher) reload(ctx context.Context, changed []string, watch clock.Stopwatch) {
	if slices.ContainsFunc(changed, w.isConfig) {
		if err := w.e.reloadConfig(); err != nil {
			w.e.log.Error("the configuration has an error; the last good one stays in use", "error", err)
			return
		}
	}
	before := w.e.runtime.PIDs()
	err := w.e.runtime.Reload(ctx, workersWithCode(w.e.project))
	if err == nil || isBuildError(err) {
		w.refresh()
	}
	mended := w.lastBuildFailed && err == nil
	w.lastBuildFailed = err != nil
	switch {
	case err != nil && ctx.Err() == nil:
		w.e.logBuildError(err)
	case mended && slices.Equal(w.e.runtime.PIDs(), before):
		w.e.log.Info("the build is mended; the code that answers is up to date")
	case err == nil && !slices.Equal(w.e.runtime.PIDs(), before):
		w.e.log.Info(EventReloaded, "ms", watch.Elapsed().Milliseconds())
		w.e.services.consumers.Wake() // what the old code could not take, the new code may
	}
}

func (w *watcher) isConfig(file string) bool {
	return w.configs[file] || strings.HasPrefix(filepath.Base(file), ".dev.vars") || filepath.Base(file) == ".env"
}

// reloadConfig reads the configuration again and takes over what can change
// while flint runs: everything of the Workers but their number and names.
func (e *Emulator) reloadConfig() error {
	if e.load == nil {
		return errors.New("restart flint to take it over")
	}
	p, err := e.load()
	if err != nil {
		return err
	}
	if _, err := declaredConsumers(p); err != nil {
		return err
	}
	if !slices.EqualFunc(p.Workers, e.project.Workers, func(a, b config.Worker) bool { return a.Name == b.Name }) {
		return errors.New("a Worker was added, removed or renamed: restart flint")
	}
	e.clampDates(p)
	if err := e.services.declare(p); err != nil {
		return err
	}
	inside, err := e.findPlaces(p)
	if err != nil {
		return err
	}
	if err := e.gate.Configure(outboundRules(p)); err != nil {
		return err
	}
	if !sameSettings(p.Settings, e.project.Settings) {
		e.log.Warn("of the settings only [outbound] and [[r2.notifications]] are taken over while flint runs: restart flint for the others")
	}
	e.places.Store(inside)
	e.project.Workers, e.project.Files = p.Workers, p.Files
	return e.attachConsumers()
}

// sameSettings compares what needs a restart.
func sameSettings(a, b config.Settings) bool {
	a.Outbound, b.Outbound = config.Outbound{}, config.Outbound{}
	a.R2Events, b.R2Events = nil, nil
	return reflect.DeepEqual(a, b)
}
