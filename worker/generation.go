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

// generation is one workerd process and the connections to it.
type generation struct {
	proc   *workerd.Process
	dir    string
	builds []*build // what it runs
	pools  []*pool  // one for each Worker
	events *pool

	leaving  atomic.Bool  // no new requests
	inflight atomic.Int64 // requests that use it
	idle     chan struct{}
	once     sync.Once

	age     clock.Stopwatch
	backoff time.Duration // before the restart after a crash of this one
}

func newGeneration(proc *workerd.Process, dir string, builds []*build) *generation {
	g := &generation{proc: proc, dir: dir, builds: builds, events: &pool{path: eventsPath(dir)}, idle: make(chan struct{}, 1), age: clock.StartStopwatch()}
	for i := range builds {
		g.pools = append(g.pools, &pool{path: socketPath(dir, i)})
	}
	return g
}

func socketPath(dir string, worker int) string {
	return filepath.Join(dir, fmt.Sprintf("%d.sock", worker))
}

func eventsPath(dir string) string { return filepath.Join(dir, "events.sock") }

// enter counts a request in, unless the generation is on its way out.
func (g *generation) enter() bool {
	g.inflight.Add(1)
	if !g.usable() {
		g.leave()
		return false
	}
	return true
}

func (g *generation) usable() bool {
	if g.leaving.Load() {
		return false
	}
	select {
	case <-g.proc.Exited():
		return false
	default:
		return true
	}
}

func (g *generation) leave() {
	if g.inflight.Add(-1) == 0 && g.leaving.Load() {
		select {
		case g.idle <- struct{}{}:
		default:
		}
	}
}

// drain refuses new requests and waits until those under way are done, the
// process is gone, or timeout has passed.
func (g *generation) drain(timeout time.Duration) {
	g.leaving.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for g.inflight.Load() > 0 {
		select {
		case <-g.idle:
		case <-g.proc.Exited():
			return
		case <-ctx.Done():
			return
		}
	}
}

// close ends the process and removes its files. Nothing is lost by a kill: the
// objects' storage is SQLite, and what else a Worker stored is in flint.
func (g *generation) close() {
	g.once.Do(func() {
		g.leaving.Store(true)
		g.proc.Kill()
		for _, p := range append(g.pools, g.events) {
			p.close()
		}
		os.RemoveAll(g.dir)
	})
}
