package memory

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const load = 64 << 20 // bytes

var kept [][]byte // where the compiler cannot see that nobody reads it

func allocate(bytes int) {
	for range bytes / (64 << 10) {
		kept = append(kept, make([]byte, 64<<10))
	}
}

// The two tests look at the heap of the process: they do not run in parallel.

func TestMemoryComesBack(t *testing.T) {
	var w watcher
	busy := 3
	settled := w.settle(func() bool {
		if busy--; busy >= 0 {
			allocate(load)
			return true
		}
		kept = nil
		return true
	})
	if held, _ := heap(); !settled || busy != -1 || held > load || w.floor > load {
		t.Errorf("settled %v with %d loads to come: %d bytes are held, %d noted", settled, busy, held, w.floor)
	}
	if before := cycles(); !w.settle(func() bool { return true }) || cycles() != before {
		t.Error("it collected for nothing")
	}
	allocate(load)
	if !w.settle(func() bool { return true }) || w.floor < load {
		t.Errorf("what is in use does not count as held: %d bytes", w.floor)
	}
	kept = nil
	if w.settle(func() bool { return false }) {
		t.Error("it settled although the waiting was cut off")
	}
}

func cycles() uint32 {
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
		runtime.GC() // the first ones may come before it watches
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
	if pause(ctx, settling) {
		t.Error("the end of the context was not told")
	}
}
