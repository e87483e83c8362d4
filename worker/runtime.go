package worker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flint/config"
	"flint/internal/clock"
	"flint/worker/shim"
	"flint/worker/workerd"
)

const (
	holdTimeout  = 30 * time.Second // how long a request waits for a Worker that (re)starts
	drainTimeout = 5 * time.Second  // how long a reload waits for requests of the old code
	maxBackoff   = 5 * time.Second  // between restarts of a workerd that keeps crashing
)

// Options say what to run and with what around it.
type Options struct {
	Workers        []config.Worker
	Binary         workerd.Binary
	BindingsSocket string // the unix socket on which flint serves bindings
	RunDir         string // sockets, modules and configuration; short, made by the caller
	StateDir       string // holds do/<worker>: the objects' storage
	InspectorAddr  string // host:port of the V8 inspector, empty = off
	Isolates       int    // workerd processes, each with globals of its own; 0 = 1
	Log            *slog.Logger
}

func (o *Options) objectDir(worker string) string {
	return filepath.Join(o.StateDir, "do", worker)
}

// Runtime supervises the workerd process, or several of them.
type Runtime struct {
	opt     Options
	token   string // marks exceptions in the Worker's output
	log     *slog.Logger
	workers map[string]*Worker
	order   []*Worker

	reloading sync.Mutex // one build, start or reload at a time
	builds    []*build   // what runs, or ran last
	counter   int        // of generations

	current atomic.Pointer[generation] // nil while nothing can answer
	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever current or broken changes
	broken  error         // why nothing can answer, when waiting is useless

	ctx      context.Context
	stop     context.CancelFunc
	routines sync.WaitGroup
}

// New prepares a Runtime. Start runs it.
func New(opt Options) *Runtime {
	r := &Runtime{opt: opt, token: newToken(), log: opt.Log, workers: map[string]*Worker{}, changed: make(chan struct{})}
	for i := range opt.Workers {
		w := &Worker{runtime: r, index: i, name: opt.Workers[i].Name}
		r.workers[w.name] = w
		r.order = append(r.order, w)
	}
	return r
}

func newToken() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return "flint-" + hex.EncodeToString(b[:]) + ":"
}

// Worker finds a Worker by its name.
func (r *Runtime) Worker(name string) (*Worker, bool) {
	w, ok := r.workers[name]
	return w, ok
}

// Start bundles the Workers and runs workerd. After a build error (a
// *bundle.Error) nothing runs, requests are answered with that error, and
// Reload may mend it.
func (r *Runtime) Start(ctx context.Context) error {
	r.ctx, r.stop = context.WithCancel(context.Background())
	for i := range r.opt.Workers {
		if err := os.MkdirAll(r.opt.objectDir(r.opt.Workers[i].Name), 0o755); err != nil {
			return err
		}
	}
	return r.Reload(ctx, r.opt.Workers)
}

// Reload bundles again and replaces the running code. Requests wait meanwhile.
// When the new code does not build or start, the old code keeps answering and
// the error is returned. workers are the same Workers in the same order, with
// whatever else of their configuration changed.
func (r *Runtime) Reload(ctx context.Context, workers []config.Worker) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if len(workers) != len(r.order) {
		return errors.New("a Worker was added or removed: restart flint")
	}
	builds, err := r.buildAll(ctx, workers)
	if err != nil {
		if r.current.Load() == nil {
			r.setBroken(err)
		}
		return err
	}
	if r.current.Load() != nil && same(builds, r.builds) {
		return nil
	}
	return r.replace(ctx, builds)
}

// replace starts builds in place of what runs.
func (r *Runtime) replace(ctx context.Context, builds []*build) error {
	old := r.current.Load()
	if old != nil && (hasObjects(builds, r.builds) || r.opt.InspectorAddr != "") {
		// Two processes must never open the same object storage, nor can they
		// share the inspector's port.
		r.setCurrent(nil)
		old.drain(drainTimeout)
		old.close()
	}
	next, err := r.startGeneration(ctx, builds)
	if err != nil {
		return errors.Join(err, r.restore(ctx, old))
	}
	r.builds = builds
	r.setCurrent(next)
	if old != nil {
		r.routines.Add(1)
		go func() {
			defer r.routines.Done()
			old.drain(drainTimeout)
			old.close()
		}()
	}
	return nil
}

// restore brings the last good code back after a failed replacement.
func (r *Runtime) restore(ctx context.Context, old *generation) error {
	if r.current.Load() != nil {
		return nil // it never stopped
	}
	if old == nil {
		r.setBroken(errors.New("the Worker does not start; its error was printed"))
		return nil
	}
	back, err := r.startGeneration(ctx, r.builds)
	if err != nil {
		r.setBroken(err)
		return err
	}
	r.setCurrent(back)
	return nil
}

// HasObjects reports whether a Worker has Durable Object classes of its own.
func HasObjects(w *config.Worker) bool { return len(namespaces(w)) > 0 }

// hasObjects reports whether old or new code has Durable Objects.
func hasObjects(sets ...[]*build) bool {
	for _, builds := range sets {
		for _, b := range builds {
			if HasObjects(b.worker) {
				return true
			}
		}
	}
	return false
}

func (r *Runtime) setCurrent(g *generation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.Store(g)
	r.broken = nil
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Runtime) setBroken(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.Store(nil)
	r.broken = err
	close(r.changed)
	r.changed = make(chan struct{})
}

// ErrHeld says that no Worker was ready to answer in time.
var ErrHeld = fmt.Errorf("the Worker did not become ready within %s", holdTimeout)

// acquire returns an isolate that answers, waiting while there is none. The
// caller leaves it.
func (r *Runtime) acquire(ctx context.Context) (*isolate, error) {
	for {
		if g := r.current.Load(); g != nil {
			if i := g.enter(); i != nil {
				return i, nil
			}
		}
		if err := r.waitForChange(ctx); err != nil {
			return nil, err
		}
	}
}

func (r *Runtime) waitForChange(ctx context.Context) error {
	r.mu.Lock()
	changed, broken, current := r.changed, r.broken, r.current.Load()
	r.mu.Unlock()
	if current != nil && current.usable() {
		return nil
	}
	if broken != nil {
		return broken
	}
	ctx, cancel := context.WithTimeoutCause(ctx, holdTimeout, ErrHeld)
	defer cancel()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.ctx.Done():
		return errors.New("flint is stopping")
	}
}

// startGeneration runs builds in new processes and watches over them.
func (r *Runtime) startGeneration(ctx context.Context, builds []*build) (*generation, error) {
	r.counter++
	g := newGeneration(filepath.Join(r.opt.RunDir, strconv.Itoa(r.counter)), builds)
	if err := writeModules(g.dir, r.token, r.opt.InspectorAddr != "", builds); err != nil {
		return nil, err
	}
	logs := &logWriter{runtime: r, builds: builds}
	procs := make([]*workerd.Process, r.isolates(builds))
	errs := make([]error, len(procs))
	var starting sync.WaitGroup
	for n := range procs {
		starting.Go(func() { procs[n], errs[n] = r.startProcess(ctx, g, n, logs) })
	}
	starting.Wait()
	for n, proc := range procs {
		if proc != nil {
			g.add(proc, g.sockets(n))
		}
	}
	for _, err := range errs {
		if err != nil { // the others say the same
			g.close()
			return nil, explainStartError(err, builds)
		}
	}
	logs.started.Store(true)
	for _, i := range g.isolates {
		r.routines.Add(1)
		go r.supervise(i)
	}
	return g, nil
}

// explainStartError keeps of a failed start what is about the Workers, with places in
// their sources. That flint's own parts then miss their entrypoint says nothing.
func explainStartError(err error, builds []*build) error {
	var failed *workerd.StartError
	if !errors.As(err, &failed) {
		return err
	}
	var lines []string
	for _, line := range failed.Lines {
		if strings.Contains(line, shim.Entrypoint) {
			continue
		}
		for _, b := range builds {
			if rest, ok := strings.CutPrefix(line, "service "+serviceName(b.worker.Name)+": "); ok {
				line = b.mapStack(rest)
			}
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = failed.Lines
	}
	return &workerd.StartError{Lines: lines}
}

// isolates is how many processes run builds: one where they share storage or a
// port.
func (r *Runtime) isolates(builds []*build) int {
	if r.opt.Isolates < 2 || hasObjects(builds) || r.opt.InspectorAddr != "" {
		return 1
	}
	return r.opt.Isolates
}

// startProcess starts the n-th process of g.
func (r *Runtime) startProcess(ctx context.Context, g *generation, n int, logs *logWriter) (*workerd.Process, error) {
	if err := os.Mkdir(g.sockets(n), 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(g.dir, fmt.Sprintf("config%d.capnp", n))
	text := compose(&r.opt, g.builds, g.sockets(n), false).Text()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return workerd.Start(ctx, workerd.ProcessOptions{
		Binary: r.opt.Binary, ConfigFile: file, Sockets: len(g.builds) + 1,
		InspectorAddr: r.opt.InspectorAddr, Log: logs.write,
	})
}

// supervise restarts a process that ends without being asked to.
func (r *Runtime) supervise(i *isolate) {
	defer r.routines.Done()
	<-i.proc.Exited()
	g := i.g
	if g.isDraining.Load() || r.ctx.Err() != nil {
		return
	}
	r.log.Error("workerd crashed", "reason", i.proc.ExitReason())
	r.reloading.Lock()
	defer r.reloading.Unlock()
	if r.current.Load() != g {
		return
	}
	r.setCurrent(nil)
	g.close()
	r.restart(g)
}

// restart tries until workerd runs again, more slowly while it keeps failing.
func (r *Runtime) restart(crashed *generation) {
	backoff := crashed.backoff
	if crashed.age.Elapsed() > time.Minute {
		backoff = 0
	}
	for r.ctx.Err() == nil {
		wait(r.ctx, backoff)
		backoff = min(max(2*backoff, 100*time.Millisecond), maxBackoff)
		started := clock.StartStopwatch()
		next, err := r.startGeneration(r.ctx, r.builds)
		if err == nil {
			next.backoff = backoff
			r.setCurrent(next)
			r.log.Info("workerd restarted", "ms", started.Elapsed().Milliseconds())
			return
		}
		r.log.Error("workerd does not start again", "error", err)
	}
}

func wait(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

// PIDs are the process ids of the running workerd; none while none runs.
func (r *Runtime) PIDs() []int {
	if g := r.current.Load(); g != nil {
		return g.pids()
	}
	return nil
}

// MemoryBytes is the resident memory of the running workerd.
func (r *Runtime) MemoryBytes() int64 {
	var total int64
	for _, pid := range r.PIDs() {
		total += workerd.ResidentBytes(pid)
	}
	return total
}

// Close lets requests finish for a moment, stops workerd and removes its files.
func (r *Runtime) Close() error {
	if r.stop == nil {
		return nil // never started
	}
	r.stop()
	r.reloading.Lock()
	if g := r.current.Load(); g != nil {
		r.setBroken(errors.New("flint is stopping"))
		g.drain(drainTimeout)
		g.close()
	}
	r.reloading.Unlock()
	r.routines.Wait()
	for _, w := range r.order {
		w.closeSession()
	}
	return nil
}
