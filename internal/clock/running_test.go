package clock

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"flint/internal/testkit"
)

func TestRunningClockFollowsRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		real := time.Now()
		var log durations
		note := func() { log.add(time.Since(real)) }
		c.AfterFunc(2*time.Second, note)
		c.AfterFunc(time.Second, note) // becomes the first
		stopped := c.AfterFunc(1500*time.Millisecond, note)
		c.AfterFunc(3*time.Second, func() { note(); c.AfterFunc(time.Second, note) })
		if !stopped.Stop() {
			t.Error("Stop reported false")
		}
		time.Sleep(10 * time.Second)
		if at, want := log.all(), []time.Duration{1e9, 2e9, 3e9, 4e9}; !slices.Equal(at, want) {
			t.Errorf("fired at %v, want %v", at, want)
		}
		if got := c.Now(); !got.Equal(time.Now()) || c.Offset() != 0 {
			t.Errorf("Now = %v with offset %v, want %v", got, c.Offset(), time.Now())
		}
	})
}

func TestRunningClockAdvances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		var log durations
		begin := c.Now()
		note := func() { log.add(Since(c, begin)) }
		for _, d := range []time.Duration{time.Minute, time.Hour, 3 * time.Hour} {
			c.AfterFunc(d, note)
		}
		testkit.Advance(t, c, 2*time.Hour)
		fired := log.all()
		if !slices.Equal(fired, []time.Duration{time.Minute, time.Hour}) || c.Offset() != 2*time.Hour {
			t.Fatalf("fired %v, offset %v; want 1m, 1h and 2h", fired, c.Offset())
		}
		time.Sleep(time.Hour - time.Second) // real time moves the clock, too
		synctest.Wait()
		if fired = log.all(); len(fired) != 2 {
			t.Fatalf("the last timer fired early: %v", fired)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if fired = log.all(); len(fired) != 3 || fired[2] != 3*time.Hour {
			t.Fatalf("fired %v, want the last one at 3h", fired)
		}
	})
}

// Advance also waits for callbacks that were started by real time.
func TestAdvanceWaitsForWhatRealTimeStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		var done atomic.Bool
		c.AfterFunc(time.Second, func() { time.Sleep(5 * time.Second); done.Store(true) })
		time.Sleep(2 * time.Second)
		testkit.Advance(t, c, time.Minute)
		if !done.Load() {
			t.Error("Advance returned before the callback")
		}
	})
}

func TestSlowCallbacksAddRealTimeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		begin := c.Now()
		c.AfterFunc(time.Second, func() { time.Sleep(10 * time.Second) })
		testkit.Advance(t, c, time.Minute)
		if got := Since(c, begin); got != time.Minute {
			t.Errorf("moved by %v, want 1m: the 10 s at work are part of it", got)
		}
	})
}

func TestCloseWaitsOnARunningClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		var done atomic.Bool
		c.AfterFunc(time.Second, func() { time.Sleep(time.Minute); done.Store(true) })
		c.AfterFunc(time.Hour, func() { t.Error("a dropped timer ran") })
		time.Sleep(2 * time.Second)
		c.Close()
		if !done.Load() {
			t.Error("Close returned before a running callback")
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestAdvanceBehindAnAbandonedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		c.AfterFunc(time.Second, func() { time.Sleep(time.Hour) })
		go func() { _ = c.Advance(context.Background(), time.Minute) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Advance(ctx, time.Minute); err != context.DeadlineExceeded {
			t.Errorf("Advance = %v, want it to give up waiting for its turn", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		defer c.Close()
		w := StartStopwatch()
		testkit.Advance(t, c, time.Hour)
		time.Sleep(3 * time.Second)
		if got := w.Elapsed(); got != 3*time.Second {
			t.Errorf("Elapsed = %v, want 3s: a moved clock is not real time", got)
		}
	})
}

type durations struct {
	mu sync.Mutex
	d  []time.Duration
}

func (l *durations) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.d = append(l.d, d)
}

func (l *durations) all() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.d)
}
