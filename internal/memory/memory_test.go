package memory

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const loadBytes = 64 << 20 // bytes

var retained [][]byte // global, so that the allocations are not optimized away

func allocate(bytes int) {
	for range bytes / (64 << 10) {
		retained = append(retained, make([]byte, 64<<10))
	}
}

// These two tests measure the heap of the process, so they do not run in parallel.

func TestReleaseWhenQuiet(t *testing.T) {
	var w watcher
	remainingLoads := 3
	released := w.releaseWhenQuiet(func() bool {
		if remainingLoads--; remainingLoads >= 0 {
			allocate(loadBytes)
			return true
		}
		retained = nil
		return true
	})
	if held, _ := heapBytes(); !released || remainingLoads != -1 || held > loadBytes || w.lastHeld > loadBytes {
		t.Errorf("settled %v with %d loads to come: %d bytes are held, %d noted", released, remainingLoads, held, w.lastHeld)
	}
	if before := collections(); !w.releaseWhenQuiet(func() bool { return true }) || collections() != before {
		t.Error("it collected for nothing")
	}
	allocate(loadBytes)
	if !w.releaseWhenQuiet(func() bool { return true }) || w.lastHeld < loadBytes {
		t.Errorf("what is in use does not count as held: %d bytes", w.lastHeld)
	}
	retained = nil
	if w.releaseWhenQuiet(func() bool { return false }) {
		t.Error("it settled although the waiting was cut off")
	}
}

func collections() uint32 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC
}

func TestWatchWakesAfterCollections(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	woken := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		watch(ctx, func() bool {
			select {
			case woken <- struct{}{}:
				return true
			case <-ctx.Done():
				return false
			}
		})
	})
	for wakes := 0; wakes < 3; {
		runtime.GC() // the first ones may come before watch is ready
		select {
		case <-woken:
			wakes++
		default:
		}
	}
	cancel()
	watching.Wait()
}

func TestPause(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	if !pause(ctx, 1) {
		t.Error("a pause was cut off")
	}
	cancel()
	if pause(ctx, quietTime) {
		t.Error("pause did not report that the context ended")
	}
}
