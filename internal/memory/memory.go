package memory

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// settling is how long next to nothing must have been allocated.
	settling = time.Second
	// trickle is how much may be allocated in that time, in bytes: more when there
	// is much to give back, one part in trickleShare.
	trickle      = 1 << 20
	trickleShare = 32
	// worth is how much the heap must have grown since the last time, in bytes.
	worth = 4 << 20
)

// Watch gives memory back each time that a load has ended, until ctx ends. It
// wakes up after garbage collections alone, so a process that idles is left in
// peace. It is for a program: a library leaves the heap to its user.
func Watch(ctx context.Context) { watch(ctx, func() bool { return pause(ctx, settling) }) }

func watch(ctx context.Context, after func() bool) {
	collected := make(chan struct{}, 1)
	tell(ctx, collected)
	for w := (watcher{}); ; {
		select {
		case <-collected:
		case <-ctx.Done():
			return
		}
		if !w.settle(after) {
			return
		}
	}
}

// tell sends to collected after each garbage collection.
func tell(ctx context.Context, collected chan<- struct{}) {
	type sentinel struct{ _ [64]byte } // large enough to be alone in its block
	runtime.AddCleanup(new(sentinel), func(struct{}) {
		if ctx.Err() != nil {
			return
		}
		tell(ctx, collected) // first, so that no collection goes unseen
		select {
		case collected <- struct{}{}:
		default:
		}
	}, struct{}{})
}

// watcher knows the heap as it was left the last time.
type watcher struct{ floor uint64 }

// settle waits until a load is over and gives its memory back. False says that
// the waiting was cut off.
func (w *watcher) settle(after func() bool) bool {
	for {
		_, before := heap()
		if !after() {
			return false
		}
		held, now := heap()
		grown := held - min(w.floor, held)
		if now-before > max(trickle, grown/trickleShare) {
			continue // still busy
		}
		if grown >= worth {
			// Twice, because what is in a sync.Pool outlives one collection.
			runtime.GC()
			debug.FreeOSMemory()
			w.floor, _ = heap()
		}
		trim()
		return true
	}
}

// heap tells how much of the system's memory Go's heap holds, and how much has
// been allocated ever, in bytes.
func heap() (held, allocated uint64) {
	samples := [...]metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples[:])
	for _, s := range samples[1:] {
		held += s.Value.Uint64()
	}
	return held, samples[0].Value.Uint64()
}

// pause waits in real time: what it waits for is the machine's.
func pause(ctx context.Context, d time.Duration) bool {
	timer, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-timer.Done()
	return ctx.Err() == nil
}
