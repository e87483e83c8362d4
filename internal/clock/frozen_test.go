package clock

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/testkit"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

func TestFrozenStandsStill(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start.In(time.FixedZone("X", 3600)))
	defer c.Close()
	if now := c.Now(); !now.Equal(start) || now.Location() != time.UTC {
		t.Fatalf("Now = %v, want %v in UTC", now, start)
	}
	testkit.Advance(t, c, 90*time.Minute)
	if got := Since(c, start); got != 90*time.Minute {
		t.Fatalf("moved by %v, want 1h30m", got)
	}
	if c.Offset() != 0 {
		t.Fatalf("Offset = %v of a frozen clock", c.Offset())
	}
}

func TestAdvanceKeepsOrder(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	var rec recorder
	for _, d := range []int{5, 1, 9, 3, 7, 2, 8, 4, 6, 10, -1, 0} {
		c.AfterFunc(time.Duration(d)*time.Second, func() { rec.add(d, c.Now()) })
	}
	testkit.Advance(t, c, 9*time.Second)
	want := []string{"1@1", "2@2", "3@3", "4@4", "5@5", "6@6", "7@7", "8@8", "9@9"}
	got := rec.order()
	if !slices.Equal(got[2:], want) || !slices.Equal(sortedCopy(got[:2]), []string{"-1@0", "0@0"}) {
		t.Fatalf("ran %v, want -1@0 and 0@0, then %v", got, want)
	}
	testkit.Advance(t, c, time.Second)
	if got := rec.order(); got[len(got)-1] != "10@10" || len(got) != 12 {
		t.Fatalf("ran %v, want 10@10 last", got)
	}
}

// The callbacks of one moment have returned before the clock moves to the next.
func TestAdvanceWaitsForCallbacks(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	var active, most, done atomic.Int32
	for i := range 20 {
		c.AfterFunc(time.Duration(i)*time.Second, func() {
			most.Store(max(most.Load(), active.Add(1)))
			for range 1000 { // long enough for others to overlap if they could
				_ = c.Now()
			}
			active.Add(-1)
			done.Add(1)
		})
	}
	testkit.Advance(t, c, time.Minute)
	if done.Load() != 20 || most.Load() != 1 {
		t.Fatalf("%d of 20 done, %d at once, want 1", done.Load(), most.Load())
	}
}

func TestTimersOfOneMomentRunConcurrently(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	a, b := make(chan int), make(chan int)
	c.AfterFunc(time.Second, func() { a <- 1; <-b })
	c.AfterFunc(time.Second, func() { <-a; b <- 1 })
	testkit.Advance(t, c, time.Second) // hangs if they run one after the other
}

func TestCallbacksThatSchedule(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	var rec recorder
	var tick func(n int)
	tick = func(n int) {
		rec.add(n, c.Now())
		c.AfterFunc(10*time.Second, func() { tick(n + 1) })
		if n == 2 {
			c.AfterFunc(0, func() { rec.add(100, c.Now()) })
			c.AfterFunc(5*time.Second, func() { rec.add(200, c.Now()) })
		}
	}
	c.AfterFunc(10*time.Second, func() { tick(1) })
	testkit.Advance(t, c, 35*time.Second)
	want := []string{"1@10", "2@20", "100@20", "200@25", "3@30"}
	if got := rec.order(); !slices.Equal(got, want) {
		t.Fatalf("ran %v, want %v", got, want)
	}
	if got := Since(c, start); got != 35*time.Second {
		t.Fatalf("clock is at +%v, want +35s", got)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	var rec recorder
	var stop []Timer
	for i := range 10 {
		stop = append(stop, c.AfterFunc(time.Duration(i+1)*time.Second, func() { rec.add(i, c.Now()) }))
	}
	for i := 1; i < 10; i += 2 {
		if !stop[i].Stop() {
			t.Errorf("Stop of pending timer %d reported false", i)
		}
		if stop[i].Stop() {
			t.Errorf("second Stop of timer %d reported true", i)
		}
	}
	testkit.Advance(t, c, time.Minute)
	if got, want := rec.order(), []string{"0@1", "2@3", "4@5", "6@7", "8@9"}; !slices.Equal(got, want) {
		t.Errorf("ran %v, want %v", got, want)
	}
	if stop[0].Stop() {
		t.Error("Stop of a timer that ran reported true")
	}
}

func TestAdvanceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	release, began := make(chan struct{}), make(chan struct{})
	c.AfterFunc(time.Second, func() { close(began); <-release })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if err := c.Advance(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("Advance = %v, want context.Canceled", err)
	}
	if got := Since(c, start); got != time.Second {
		t.Fatalf("clock is at +%v, want +1s", got)
	}
	// A second Advance waits for the callback that is still running.
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := c.Advance(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("second Advance = %v, want context.Canceled", err)
	}
	close(release)
	testkit.Advance(t, c, time.Hour)
	c.Close()
}

// Timers that are always due again at once must not keep Advance from ending.
func TestEndlessTimersEndWithTheContext(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var n int
	var again func()
	again = func() {
		if n++; n == 1000 {
			cancel()
		}
		c.AfterFunc(0, again)
	}
	c.AfterFunc(0, again)
	if err := c.Advance(ctx, time.Second); !errors.Is(err, context.Canceled) {
		t.Fatalf("Advance = %v, want context.Canceled", err)
	}
}

func TestConcurrentAdvancesAddUp(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	defer c.Close()
	var fired atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c.AfterFunc(time.Duration(i)*time.Second, func() { fired.Add(1) })
			if err := c.Advance(t.Context(), 10*time.Second); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := Since(c, start); got != 80*time.Second || fired.Load() != 8 {
		t.Fatalf("at +%v with %d fired, want +1m20s with 8", got, fired.Load())
	}
}

func TestAdvanceRefusesInvalidDurations(t *testing.T) {
	t.Parallel()
	c := New()
	defer c.Close()
	if err := c.Advance(t.Context(), -time.Second); err == nil || !strings.Contains(err.Error(), "cannot move back") {
		t.Errorf("back: %v", err)
	}
	if err := c.Advance(t.Context(), math.MaxInt64-time.Hour); err != nil {
		t.Errorf("far: %v", err)
	}
	if err := c.Advance(t.Context(), 2*time.Hour); err == nil || !strings.Contains(err.Error(), "cannot move 2h") {
		t.Errorf("too far: %v", err)
	}
}

func TestCloseDropsTimersAndWaits(t *testing.T) {
	t.Parallel()
	c := NewFrozen(start)
	began, release := make(chan struct{}), make(chan struct{})
	var done atomic.Bool
	c.AfterFunc(time.Second, func() { close(began); <-release; done.Store(true) })
	late := c.AfterFunc(time.Hour, func() { t.Error("a dropped timer ran") })
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() { gaveUp <- c.Advance(ctx, time.Second) }()
	<-began
	cancel()
	<-gaveUp // Advance has returned, its callback has not
	go close(release)
	c.Close()
	if !done.Load() {
		t.Error("Close returned before a running callback")
	}
	if late.Stop() {
		t.Error("Stop after Close reported true")
	}
	if c.AfterFunc(0, func() { t.Error("a timer of a closed clock ran") }).Stop() {
		t.Error("Stop of a timer made after Close reported true")
	}
	c.Close()
	testkit.Advance(t, c, 2*time.Hour)
}

func BenchmarkNow(b *testing.B) {
	c := New()
	defer c.Close()
	for b.Loop() {
		c.Now()
	}
}

func BenchmarkAfterFuncStop(b *testing.B) {
	c := New()
	defer c.Close()
	c.AfterFunc(time.Hour, func() {})
	for b.Loop() {
		c.AfterFunc(2*time.Hour, func() {}).Stop()
	}
}

type recorder struct {
	mu  sync.Mutex
	ran []string
}

func (r *recorder) add(n int, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran = append(r.ran, fmt.Sprintf("%d@%d", n, int(at.Sub(start).Seconds())))
}

// order returns what ran, in the order in which it ran.
func (r *recorder) order() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ran)
}

func sortedCopy(s []string) []string { return slices.Sorted(slices.Values(s)) }
