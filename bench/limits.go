package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"flint/config"
	"flint/emulator/front"
	"flint/internal/console"
	"flint/internal/evloop"
	"flint/worker"
	"flint/worker/bundle"
	"flint/worker/workerd"
)

// limitParts are the parts of a limit besides workerd: see the package comment.
type limitParts struct {
	dir    string // temporary; its path is short enough for unix sockets
	worker config.Worker
	binary workerd.Binary
	socket string // the do-nothing bindings listen here
	stub   *http.Server
}

// prepareParts loads the project and serves do-nothing bindings.
func (s *side) prepareParts(ctx context.Context, project string) (*limitParts, error) {
	p, err := config.Load(config.Options{Dir: s.project(project)})
	if err != nil {
		return nil, err
	}
	binary, err := workerd.Find(ctx, workerd.FindOptions{Dirs: []string{s.project(project)}})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "flint-limit-")
	if err != nil {
		return nil, err
	}
	out := &limitParts{dir: dir, worker: p.Workers[0], binary: binary, socket: filepath.Join(dir, "stub.sock")}
	l, err := net.Listen("unix", out.socket)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	out.stub = &http.Server{Handler: http.HandlerFunc(serveStub)}
	go func() { _ = out.stub.Serve(l) }() // ends with close
	return out, nil
}

func (p *limitParts) close() {
	_ = p.stub.Close()
	os.RemoveAll(p.dir)
}

// bareStart returns a function that starts workerd alone, on a TCP port of its own, with
// the Worker's bundle and do-nothing bindings.
func (b *bench) bareStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		p, err := s.prepareParts(ctx, project)
		if err != nil {
			return nil, err
		}
		address, err := freeAddress()
		if err != nil {
			p.close()
			return nil, err
		}
		file, err := p.writeConfig(ctx, address)
		if err != nil {
			p.close()
			return nil, err
		}
		proc, err := workerd.Start(ctx, workerd.ProcessOptions{Binary: p.binary, ConfigFile: file, Sockets: 1, Log: func(workerd.Line) {}})
		if err != nil {
			p.close()
			return nil, err
		}
		out := newProcess("http://"+address, proc.PID(), func() { proc.Stop(); p.close() })
		out.inProcess = true
		return out, nil
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// writeConfig writes workerd's text configuration and the modules, and returns the
// configuration's path.
func (p *limitParts) writeConfig(ctx context.Context, address string) (string, error) {
	result, err := bundle.Build(ctx, bundle.Options{Worker: p.worker})
	if err != nil {
		return "", err
	}
	var c workerd.Config
	external := func(service string) string {
		c.Services = append(c.Services, workerd.Service{Name: service, External: &workerd.External{
			Address: "unix:" + p.socket, Headers: map[string]string{worker.HeaderBinding: service},
		}})
		return service
	}
	w := &workerd.WorkerService{CompatibilityDate: p.worker.CompatibilityDate, CompatibilityFlags: p.worker.RuntimeFlags()}
	for i, m := range result.Modules {
		file := fmt.Sprintf("%d.js", i)
		if m.Type != bundle.ESModule {
			return "", fmt.Errorf("the bench's Worker has a module of type %s", m.Type)
		}
		if err := os.WriteFile(filepath.Join(p.dir, file), m.Content, 0o600); err != nil {
			return "", err
		}
		w.Modules = append(w.Modules, workerd.Module{Name: m.Name, Kind: "esModule", File: file})
	}
	for _, k := range p.worker.KV {
		w.Bindings = append(w.Bindings, workerd.KV(k.Binding, external("kv/"+k.ID)))
	}
	for _, d := range p.worker.D1 {
		w.Bindings = append(w.Bindings, workerd.Wrapped(d.Binding, "cloudflare-internal:d1-api", workerd.ServiceBinding("fetcher", workerd.Designator{Service: external("d1/" + d.ID)})))
	}
	for _, r := range p.worker.R2 {
		w.Bindings = append(w.Bindings, workerd.R2(r.Binding, external("r2/"+r.Bucket)))
	}
	for _, q := range p.worker.QueueProducers {
		w.Bindings = append(w.Bindings, workerd.Queue(q.Binding, external("queues/"+q.Queue)))
	}
	c.Services = append(c.Services, workerd.Service{Name: "worker", Worker: w})
	c.Sockets = []workerd.Socket{{Name: "http", Address: address, Service: workerd.Designator{Service: "worker"}}}
	file := filepath.Join(p.dir, "config.capnp")
	return file, os.WriteFile(file, []byte(c.Text()), 0o600)
}

// frontStart returns a function that starts flint's front and runtime, with the access
// log, over do-nothing bindings.
func (b *bench) frontStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		p, err := s.prepareParts(ctx, project)
		if err != nil {
			return nil, err
		}
		logs, in, err := os.Pipe()
		if err != nil {
			p.close()
			return nil, err
		}
		go func() { _, _ = io.Copy(io.Discard, logs); logs.Close() }() // reads the log as a terminal would
		log := slog.New(console.New(in, console.Options{JSON: true}))
		rt := worker.New(worker.Options{
			Workers: []config.Worker{p.worker}, Binary: p.binary, BindingsSocket: p.socket,
			RunDir: p.dir, StateDir: filepath.Join(p.dir, "state"), Log: log,
		})
		stop := func() { _ = rt.Close(); in.Close(); p.close() }
		if err := rt.Start(ctx); err != nil {
			stop()
			return nil, err
		}
		w, _ := rt.Worker(p.worker.Name)
		out, err := serveFront(w, log, rt.PIDs()[0], stop)
		if err != nil {
			stop()
		}
		return out, err
	}
}

func serveFront(w *worker.Worker, log *slog.Logger, pid int, stop func()) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	site := &front.Site{Worker: w, Log: log}
	loop, err := evloop.New()
	if err != nil && !errors.Is(err, evloop.ErrUnsupported) {
		return nil, err
	}
	srv := front.NewServer(&http.Server{Handler: front.AccessLog(log, site)}, func(string, string) *front.Site { return site }, loop, log)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			progress("the front stopped: %v", err)
		}
	}()
	out := newProcess("http://"+l.Addr().String(), pid, func() { srv.Close(); closeLoop(loop); stop() })
	out.inProcess = true
	return out, nil
}

func closeLoop(l *evloop.Loop) {
	if l != nil {
		l.Close()
	}
}
