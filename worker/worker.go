package worker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"flint/config"
	"flint/worker/bundle"
)

// Worker is one Worker of the Runtime: what the front sends requests to and
// what queues and schedules deliver to.
type Worker struct {
	runtime *Runtime
	index   int
	name    string
	session *bundle.Session // guarded by Runtime.reloading
	built   *config.Worker  // what the session was made for

	mu     sync.Mutex
	inputs []string
}

// Name is the Worker's name.
func (w *Worker) Name() string { return w.name }

// CrashError says that workerd broke a request's connection off before it
// answered, nearly always because it went away itself.
type CrashError struct {
	Err     error
	Running bool // the process goes on: only this response failed
}

// Error implements error.
func (e *CrashError) Error() string {
	if e.Running {
		return "the Worker's response broke off before it began, for example because its body was not as long as it said"
	}
	return "workerd stopped while it was answering this request; it is being restarted"
}

// Unwrap gives the cause.
func (e *CrashError) Unwrap() error { return e.Err }

// RoundTrip implements http.RoundTripper: it sends a request to the Worker and
// returns the head of its response. While the Worker (re)starts the request
// waits. r is consumed; its URL is the path and its Host what the Worker sees.
// A *CrashError means that the process went away, an *Exception that the
// handler threw, a *bundle.Error that no version of the code could be built yet.
func (w *Worker) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.roundTrip(r, w.entry)
}

func (w *Worker) entry(i *isolate) *pool  { return i.pools[w.index] }
func (w *Worker) events(i *isolate) *pool { return i.events }

func (w *Worker) roundTrip(r *http.Request, pick func(*isolate) *pool) (*http.Response, error) {
	for dials := 1; ; dials++ {
		i, err := w.runtime.acquire(r.Context())
		if err != nil {
			return nil, err
		}
		res, err := pick(i).roundTrip(r)
		if err != nil {
			i.leave()
			if isDial(err) && r.Context().Err() == nil && dials < maxDials {
				w.runtime.waitForOther(r.Context(), i.g) // the request never reached the Worker
				continue
			}
			return nil, crashError(r.Context(), i, err)
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			i.leave() // a WebSocket must not hold a reload up
			return res, nil
		}
		if e := w.exceptionOf(i.g, res); e != nil {
			res.Body.Close()
			i.leave()
			return nil, e
		}
		res.Body = &releasingBody{ReadCloser: res.Body, release: sync.OnceFunc(i.leave)}
		return res, nil
	}
}

// maxDials bounds how often a request tries to reach a process that is going.
const maxDials = 30

// waitForOther waits until something other than g can answer, for a second at most.
func (r *Runtime) waitForOther(ctx context.Context, g *generation) {
	r.mu.Lock()
	changed, current := r.changed, r.current.Load()
	r.mu.Unlock()
	if current != g {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	select {
	case <-changed:
	case <-ctx.Done():
	}
}

// crashError gives a failed round trip its name. A process that broke a
// connection off is probably ending: once that is certain the next request
// waits for its successor instead of failing too.
func crashError(ctx context.Context, i *isolate, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	exit, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	select {
	case <-i.proc.Exited():
		return &CrashError{Err: err}
	case <-exit.Done():
		return &CrashError{Err: err, Running: true}
	}
}

// isDial reports whether err happened before a connection stood.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// releasingBody releases its generation when the response has been read.
type releasingBody struct {
	io.ReadCloser
	release func()
}

func (b *releasingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.release()
	}
	return n, err
}

func (b *releasingBody) Close() error {
	err := b.ReadCloser.Close()
	b.release()
	return err
}
