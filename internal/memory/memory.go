package memory

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// quietTime is how long almost nothing must be allocated for a load to be over.
	quietTime = time.Second
	// maxQuietBytes is how many bytes may be allocated in that time or, if that is
	// more, one part in quietShare of what the heap has grown.
	maxQuietBytes = 1 << 20
	quietShare    = 32
	// minGrowth is by how many bytes the heap must have grown since the last release.
	minGrowth = 4 << 20
)

// Watch releases memory each time that a load has ended, until ctx ends. It wakes up
// after garbage collections only, so it costs an idle process nothing. It is for
// programs: a library leaves the heap to its user.
func Watch(ctx context.Context) { watch(ctx, func() bool { return pause(ctx, quietTime) }) }

func watch(ctx context.Context, waitQuiet func() bool) {
	collected := make(chan struct{}, 1)
	notifyCollections(ctx, collected)
	for w := (watcher{}); ; {
		select {
		case <-collected:
		case <-ctx.Done():
			return
		}
		if !w.releaseWhenQuiet(waitQuiet) {
			return
		}
	}
}

// notifyCollections sends to collected after each garbage collection, until ctx ends.
func notifyCollections(ctx context.Context, collected chan<- struct{}) {
	type sentinel struct{ _ [64]byte } // too large for the tiny allocator, which would delay the cleanup
	runtime.AddCleanup(new(sentinel), func(struct{}) {
		if ctx.Err() != nil {
			return
		}
		notifyCollections(ctx, collected) // first, so that no collection is missed
		select {
		case collected <- struct{}{}:
		default:
		}
	}, struct{}{})
}

// watcher holds the size of the heap after the last release, in bytes.
type watcher struct{ lastHeld uint64 }

// releaseWhenQuiet waits until a load is over and releases its memory. waitQuiet waits
// for quietTime; when it returns false, so does releaseWhenQuiet.
func (w *watcher) releaseWhenQuiet(waitQuiet func() bool) bool {
	for {
		_, before := heapBytes()
		if !waitQuiet() {
			return false
		}
		held, now := heapBytes()
		grown := held - min(w.lastHeld, held)
		if now-before > max(maxQuietBytes, grown/quietShare) {
			continue // still busy
		}
		if grown >= minGrowth {
			// Two collections, because a sync.Pool keeps its content for one.
			runtime.GC()
			debug.FreeOSMemory()
			w.lastHeld, _ = heapBytes()
		}
		trim()
		return true
	}
}

// heapBytes returns how many bytes Go's heap holds of the system's memory, and how many
// have been allocated since the start.
func heapBytes() (held, allocated uint64) {
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

// pause waits for d of real time; false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-timer.Done()
	return ctx.Err() == nil
}
