package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"flint/internal/clock"
	"flint/worker/workerd"
)

// generation is one version of the code as it runs: a workerd process for each
// isolate, and the connections to them.
type generation struct {
	dir      string
	builds   []*build // what it runs
	isolates []*isolate

	isDraining atomic.Bool  // no new requests
	inflight   atomic.Int64 // requests that use it
	idle       chan struct{}
	once       sync.Once

	age     clock.Stopwatch
	backoff time.Duration // before the restart after a crash of this one
}

// isolate is one workerd process: one copy of every Worker's globals.
type isolate struct {
	g      *generation
	proc   *workerd.Process
	pools  []*pool // one for each Worker
	events *pool
	busy   atomic.Int64 // requests that use it
}

func newGeneration(dir string, builds []*build) *generation {
	return &generation{dir: dir, builds: builds, idle: make(chan struct{}, 1), age: clock.StartStopwatch()}
}

// add takes a running process as one more isolate; sockets is where it listens.
func (g *generation) add(proc *workerd.Process, sockets string) {
	i := &isolate{g: g, proc: proc, events: &pool{path: eventsPath(sockets)}}
	for n := range g.builds {
		i.pools = append(i.pools, &pool{path: socketPath(sockets, n)})
	}
	g.isolates = append(g.isolates, i)
}

// sockets is the folder in which the n-th process listens.
func (g *generation) sockets(n int) string { return filepath.Join(g.dir, fmt.Sprintf("s%d", n)) }

func socketPath(dir string, worker int) string {
	return filepath.Join(dir, fmt.Sprintf("%d.sock", worker))
}

func eventsPath(dir string) string { return filepath.Join(dir, "events.sock") }

// enter counts a request in and returns the isolate that has the least to do;
// nil when the generation is on its way out.
func (g *generation) enter() *isolate {
	g.inflight.Add(1)
	if !g.usable() {
		g.leave()
		return nil
	}
	best := g.isolates[0]
	for _, i := range g.isolates[1:] {
		if i.busy.Load() < best.busy.Load() {
			best = i
		}
	}
	best.busy.Add(1)
	return best
}

// leave counts a request out that entered.
func (i *isolate) leave() {
	i.busy.Add(-1)
	i.g.leave()
}

func (g *generation) leave() {
	if g.inflight.Add(-1) == 0 && g.isDraining.Load() {
		select {
		case g.idle <- struct{}{}:
		default:
		}
	}
}

func (g *generation) usable() bool { return !g.isDraining.Load() && !g.exited() }

// exited reports whether one of the processes has gone.
func (g *generation) exited() bool {
	for _, i := range g.isolates {
		select {
		case <-i.proc.Exited():
			return true
		default:
		}
	}
	return false
}

// drain refuses new requests and waits until those under way are done or
// timeout has passed.
func (g *generation) drain(timeout time.Duration) {
	g.isDraining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for g.inflight.Load() > 0 && !g.exited() {
		select {
		case <-g.idle:
		case <-g.isolates[0].proc.Exited():
			return
		case <-ctx.Done():
			return
		}
	}
}

// close ends the processes and removes their files. Nothing is lost by a kill:
// the objects' storage is SQLite, and what else a Worker stored is in flint.
func (g *generation) close() {
	g.once.Do(func() {
		g.isDraining.Store(true)
		for _, i := range g.isolates {
			i.proc.Kill()
			for _, p := range append(i.pools, i.events) {
				p.close()
			}
		}
		os.RemoveAll(g.dir)
	})
}

// pids are the process ids.
func (g *generation) pids() []int {
	out := make([]int, len(g.isolates))
	for n, i := range g.isolates {
		out[n] = i.proc.PID()
	}
	return out
}
