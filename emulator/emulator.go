package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"flint/config"
	"flint/emulator/cron"
	"flint/emulator/front"
	"flint/emulator/outbound"
	"flint/internal/clock"
	"flint/internal/evloop"
	"flint/worker"
	"flint/worker/workerd"
)

// EventReady is logged once, when requests are answered.
const EventReady = "ready"

// Emulator is one running flint.
type Emulator struct {
	project *config.Project
	log     *slog.Logger
	started clock.Stopwatch
	state   *stateDir
	binary  workerd.Binary
	run     string // sockets and generated files

	services *services
	runtime  *worker.Runtime // nil when no Worker has code
	gate     *outbound.Gate
	crons    *cron.Scheduler

	hosts  atomic.Pointer[front.Router]   // who answers which host, once serving
	places atomic.Pointer[internalRoutes] // who answers a Worker's fetch() inside, once serving

	listeners map[string]net.Listener // worker, control, s3, bindings
	servers   []server                // all but the bindings'
	bindSrv   server                  // goes last: requests that finish still need it
	loop      *evloop.Loop            // nil where the system has none
	routines  sync.WaitGroup
	stop      context.CancelFunc
	closing   <-chan struct{} // closed by stop
	load      func() (*config.Project, error)
	startErr  error // the build error with which Start went on watching
}

// Option changes how an Emulator is made.
type Option func(*options)

type options struct {
	log    *slog.Logger
	binary workerd.Binary
	load   func() (*config.Project, error)
}

// WithLog sends flint's events to log; the default drops them.
func WithLog(log *slog.Logger) Option { return func(o *options) { o.log = log } }

// WithBinary runs this workerd instead of the one that Find finds.
func WithBinary(b workerd.Binary) Option { return func(o *options) { o.binary = b } }

// WithLoad says how to read the configuration again when one of its files is
// saved. Without it changes of the configuration ask for a restart.
func WithLoad(load func() (*config.Project, error)) Option {
	return func(o *options) { o.load = load }
}

// New opens the state of a project. It starts nothing. The error is an
// *InUseError when another flint runs on the same state directory, and
// workerd.ErrNotFound when there is no runtime.
func New(ctx context.Context, p *config.Project, opts ...Option) (*Emulator, error) {
	o := options{log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&o)
	}
	e := &Emulator{project: p, log: o.log, started: clock.StartStopwatch(), binary: o.binary, load: o.load, listeners: map[string]net.Listener{}}
	if err := e.findRuntime(ctx); err != nil {
		return nil, err
	}
	var err error
	if e.state, err = openState(p.Settings.State, p.Settings.Ephemeral); err != nil {
		return nil, err
	}
	if e.services, err = openServices(p, e.state, e.log); err != nil {
		return nil, errors.Join(err, e.state.close())
	}
	if err := e.newGate(); err != nil {
		return nil, errors.Join(err, e.services.close(), e.state.close())
	}
	return e, nil
}

// findRuntime looks for workerd when a Worker has code to run.
func (e *Emulator) findRuntime(ctx context.Context) error {
	if len(workersWithCode(e.project)) == 0 || e.binary.Path != "" {
		return nil
	}
	var err error
	e.binary, err = FindRuntime(ctx, e.project)
	if e.binary.Skipped != "" {
		e.log.Warn(e.binary.Skipped + "; " + e.binary.Version + " is used, which flint installed")
	}
	return err
}

// Start listens, runs the Workers and returns when requests are answered. When
// a Worker does not build and the project is watched, Start succeeds, requests
// are answered with the error, and saving a file mends it; StartError tells.
func (e *Emulator) Start(ctx context.Context) error {
	if err := e.start(ctx); err != nil {
		return errors.Join(err, e.Close())
	}
	run := e.Run()
	if err := e.state.writeRun(run); err != nil {
		return errors.Join(err, e.Close())
	}
	e.log.Info(EventReady, "url", run.URL, "control", run.Control, "s3", run.S3,
		"ms", e.started.Elapsed().Milliseconds(), "try", e.try(run))
	return nil
}

func (e *Emulator) start(ctx context.Context) error {
	background, stop := context.WithCancel(context.Background())
	e.stop, e.closing = stop, background.Done()
	e.clampDates(e.project)
	var err error
	if e.loop, err = evloop.New(); err != nil && !errors.Is(err, evloop.ErrUnsupported) {
		return fmt.Errorf("start the event loop: %w", err)
	}
	if err := e.listen(); err != nil {
		return err
	}
	if err := e.startRuntime(ctx); err != nil {
		return err
	}
	e.warnIfKVIsDown(ctx)
	e.warnIfR2IsDown(ctx)
	if err := e.serve(); err != nil {
		return err
	}
	if err := e.attachConsumers(); err != nil {
		return err
	}
	if err := e.services.queues.Start(context.Background()); err != nil { // until Close, which lets batches finish
		return err
	}
	if err := e.startCrons(); err != nil {
		return err
	}
	if e.project.Settings.Watch && e.runtime != nil {
		return e.startWatch(background)
	}
	return nil
}

// clampDates keeps the compatibility dates within what the runtime knows, and
// says so.
func (e *Emulator) clampDates(p *config.Project) {
	newest := e.binary.CompatibilityDate()
	for i := range p.Workers {
		w := &p.Workers[i]
		if newest != "" && w.CompatibilityDate > newest {
			e.log.Warn(fmt.Sprintf("%s: compatibility_date %s is later than workerd %s knows; its newest, %s, is used",
				w.File, w.CompatibilityDate, e.binary.Version, newest))
			w.CompatibilityDate = newest
		}
	}
}

// startRuntime runs workerd for the Workers that have code.
func (e *Emulator) startRuntime(ctx context.Context) error {
	workers := workersWithCode(e.project)
	if len(workers) == 0 {
		return nil
	}
	run, err := e.state.runDir()
	if err != nil {
		return err
	}
	e.run = run
	bindings, err := net.Listen("unix", filepath.Join(run, "bindings.sock"))
	if err != nil {
		return err
	}
	e.listeners["bindings"] = bindings
	e.bindSrv = e.bindingsServer()
	e.serveOn(bindings, e.bindSrv)
	opt := worker.Options{
		Workers: workers, Binary: e.binary, BindingsSocket: bindings.Addr().String(),
		RunDir: run, StateDir: e.state.path, Isolates: e.project.Settings.Isolates, Log: e.log,
	}
	if port := e.project.Settings.InspectorPort; port != 0 {
		opt.InspectorAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	e.warnIsolates(workers)
	e.runtime = worker.New(opt)
	err = e.runtime.Start(ctx)
	if err != nil && e.project.Settings.Watch && isBuildError(err) {
		e.startErr = err
		e.logBuildError(err)
		return nil
	}
	return err
}

// warnIsolates says when several isolates are asked for and cannot be had.
func (e *Emulator) warnIsolates(workers []config.Worker) {
	s := &e.project.Settings
	if s.Isolates < 2 {
		return
	}
	if s.InspectorPort != 0 {
		e.log.Warn("one isolate is used: they cannot share the inspector's port")
	}
	for i := range workers {
		if worker.HasObjects(&workers[i]) {
			e.log.Warn(workers[i].Name + " has Durable Objects, whose storage isolates cannot share: one isolate is used")
			return
		}
	}
}

func workersWithCode(p *config.Project) []config.Worker {
	var out []config.Worker
	for _, w := range p.Workers {
		if w.Main != "" {
			out = append(out, w)
		}
	}
	return out
}

// StartError is the build error that Start went on with; nil after a clean start.
func (e *Emulator) StartError() error { return e.startErr }

// listen opens the three ports.
func (e *Emulator) listen() error {
	s := e.project.Settings
	for _, l := range []struct {
		name, ip, flag string
		port           int
	}{
		{"worker", s.IP, "--port", s.Port},
		{"control", "127.0.0.1", "--control-port", s.ControlPort},
		{"s3", "127.0.0.1", "--s3-port", s.S3Port},
	} {
		addr := net.JoinHostPort(l.ip, strconv.Itoa(l.port))
		ln, err := net.Listen("tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("port %d on %s is in use by another program; choose another with %s (0 = any free port)", l.port, l.ip, l.flag)
		}
		if err != nil {
			return fmt.Errorf("listen on %s: %w", addr, err)
		}
		e.listeners[l.name] = ln
	}
	return nil
}

func (e *Emulator) serve() error {
	rt, err := e.router()
	if err != nil {
		return err
	}
	e.hosts.Store(rt)
	inside, err := e.findPlaces(e.project)
	if err != nil {
		return err
	}
	e.places.Store(inside)
	for name, srv := range map[string]server{
		"worker":  front.NewServer(newServer(e.public(), e.log), e.fastPathSite, e.loop, e.log),
		"control": newServer(e.control(), e.log),
		"s3":      newServer(e.services.s3api(e.log), e.log),
	} {
		e.servers = append(e.servers, srv)
		e.serveOn(e.listeners[name], srv)
	}
	return nil
}

// server is what listens: an *http.Server or a *front.Server.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

func (e *Emulator) serveOn(l net.Listener, srv server) {
	e.routines.Add(1)
	go func() {
		defer e.routines.Done()
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			e.log.Error("a listener stopped", "address", l.Addr().String(), "error", err)
		}
	}()
}

// worker finds a running Worker.
func (e *Emulator) worker(name string) (*worker.Worker, bool) {
	if e.runtime == nil {
		return nil, false
	}
	return e.runtime.Worker(name)
}

// Run tells where the emulator answers.
func (e *Emulator) Run() Run {
	return Run{PID: syscall.Getpid(), URL: e.address("worker"), Control: e.address("control"), S3: e.address("s3")}
}

func (e *Emulator) address(listener string) string {
	l, ok := e.listeners[listener]
	if !ok {
		return ""
	}
	addr := l.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// State is the state directory.
func (e *Emulator) State() string { return e.state.path }

// Clock is the emulator's clock. Use Advance to move it.
func (e *Emulator) Clock() clock.Clock { return e.services.clock }

// Advance moves the clock forward and returns when everything that fell due
// (expiry, delayed messages, batches, cron) has been delivered, and so has what
// the deliveries themselves sent and made due.
func (e *Emulator) Advance(ctx context.Context, d time.Duration) error {
	if err := e.services.clock.Advance(ctx, d); err != nil {
		return err
	}
	return e.services.queues.Quiesce(ctx)
}

// Runtime is what runs the Workers; nil when no Worker has code.
func (e *Emulator) Runtime() *worker.Runtime { return e.runtime }

// shutdownTimeout is how long Close waits for requests that are under way.
const shutdownTimeout = 5 * time.Second

// Close finishes requests in flight, stops the Workers, flushes all state and
// leaves nothing behind: no process, no socket, no temporary file.
func (e *Emulator) Close() error {
	if e.stop != nil {
		e.stop()
	}
	e.gate.EndFollowers()
	e.warnUnusedMocks()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, srv := range e.servers {
		errs = append(errs, shutdown(ctx, srv))
	}
	if e.crons != nil {
		e.crons.Close()
	}
	errs = append(errs, e.services.queues.Close()) // its handlers run in the Worker: before that stops
	if e.runtime != nil {
		errs = append(errs, e.runtime.Close())
	}
	if e.bindSrv != nil {
		errs = append(errs, shutdown(ctx, e.bindSrv))
	}
	for _, l := range e.listeners {
		l.Close() // those whose server never started
	}
	e.routines.Wait()
	if e.loop != nil {
		e.loop.Close()
	}
	errs = append(errs, e.gate.Close())
	return errors.Join(append(errs, e.services.close(), e.removeRun(), e.state.close())...)
}

// shutdown waits for requests until ctx ends, then cuts them.
func shutdown(ctx context.Context, srv server) error {
	if srv.Shutdown(ctx) == nil {
		return nil
	}
	return srv.Close()
}

// removeRun removes sockets and generated files.
func (e *Emulator) removeRun() error {
	if e.run == "" {
		return nil
	}
	return os.RemoveAll(e.run)
}
