package emulator

import (
	"context"
	"time"

	"flint/config"
	"flint/d1"
	"flint/emulator/front"
	"flint/internal/clock"
	"flint/worker"
	"flint/worker/workerd"
)

// Events that commands print in a form of their own; the package that logs
// each of them says what its fields are.
const (
	EventRequest   = front.EventRequest
	EventConsole   = worker.EventConsole
	EventException = worker.EventException
)

// ErrNoRuntime says that no workerd is on this machine; InstallRuntime mends it.
var ErrNoRuntime = workerd.ErrNotFound

// Runtime is a workerd binary.
type Runtime = workerd.Binary

// FindRuntime looks for workerd where New does. p may be nil.
func FindRuntime(ctx context.Context, p *config.Project) (Runtime, error) {
	return workerd.Find(ctx, workerd.FindOptions{Dirs: runtimeDirs(p)})
}

func runtimeDirs(p *config.Project) []string {
	if p == nil {
		return nil
	}
	var dirs []string
	for _, w := range workersWithCode(p) {
		dirs = append(dirs, w.Dir)
	}
	return dirs
}

// InstallRuntime installs the pinned workerd into flint's cache by npm.
func InstallRuntime(ctx context.Context, progress func(bytes int64)) (Runtime, error) {
	return workerd.Install(ctx, "", progress)
}

// WantsPolyfills reports whether a Worker of the project may import polyfills of
// Node's modules, and none are installed.
func WantsPolyfills(p *config.Project) bool {
	for _, w := range workersWithCode(p) {
		if w.NodeCompatV2() && !w.Build.NoBundle {
			return workerd.FindPolyfills("") == ""
		}
	}
	return false
}

// FindPolyfills is the folder of the installed polyfills, "" if there is none.
func FindPolyfills() string { return workerd.FindPolyfills("") }

// InstallPolyfills installs the pinned polyfills of Node's modules into flint's
// cache by npm (2 MB).
func InstallPolyfills(ctx context.Context) error { return workerd.InstallPolyfills(ctx, "") }

// RuntimeVersion is the workerd version that flint pins.
func RuntimeVersion() string { return workerd.PinnedVersion() }

// Today is the compatibility date for a Worker that has none: today's, or the
// newest that the pinned runtime knows.
func Today() string {
	today := clock.New().Now().Format(time.DateOnly)
	return min(today, Runtime{Version: RuntimeVersion()}.CompatibilityDate())
}

// CheckBuild says what this binary was built without; nil when all is there.
func CheckBuild() error { return d1.CheckBuild() }

// WorkerdConfig is the text of the workerd configuration that would run p.
func WorkerdConfig(ctx context.Context, p *config.Project) (string, error) {
	b, err := FindRuntime(ctx, p)
	if err != nil {
		b = workerd.Binary{Version: workerd.PinnedVersion()} // it need not be installed to be shown
	}
	for i := range p.Workers {
		if newest := b.CompatibilityDate(); p.Workers[i].CompatibilityDate > newest {
			p.Workers[i].CompatibilityDate = newest
		}
	}
	return worker.Describe(ctx, worker.Options{
		Workers: workersWithCode(p), Binary: b, BindingsSocket: "<run>/bindings.sock", StateDir: p.Settings.State, RunDir: "<run>",
	})
}
