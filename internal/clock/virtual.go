package clock

import (
	"container/heap"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// Virtual is the clock of an emulator: real time plus an offset that Advance
// increases, or, when frozen, a time that only Advance changes.
type Virtual struct {
	mu        sync.Mutex
	frozen    bool
	frozenAt  time.Time     // the time, when frozen
	offset    time.Duration // added to real time, when not
	pending   timerHeap
	seq       uint64
	realTimer *time.Timer // fires when the first of pending is due; not used when frozen
	armedFor  *timer      // the timer that realTimer is set for
	running   map[*batch]struct{}
	closed    bool

	advanceLock chan struct{} // one Advance at a time
}

// batch is the set of callbacks that were started at one moment.
type batch struct {
	unfinished int           // callbacks that have not returned
	done       chan struct{} // closed when unfinished reaches zero
}

// New returns a clock that follows real time.
func New() *Virtual {
	return &Virtual{running: map[*batch]struct{}{}, advanceLock: make(chan struct{}, 1)}
}

// NewFrozen returns a clock that stands at t until Advance moves it.
func NewFrozen(t time.Time) *Virtual {
	c := New()
	c.frozen, c.frozenAt = true, t.UTC()
	return c
}

// Now implements Clock.
func (c *Virtual) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Virtual) now() time.Time {
	if c.frozen {
		return c.frozenAt
	}
	return time.Now().UTC().Add(c.offset)
}

// Offset is how far the clock is ahead of real time; zero when frozen.
func (c *Virtual) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// AfterFunc implements Clock. On a closed clock f never runs.
func (c *Virtual) AfterFunc(d time.Duration, f func()) Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	t := &timer{clock: c, dueAt: c.now().Add(max(d, 0)), seq: c.seq, f: f, index: -1}
	if !c.closed {
		heap.Push(&c.pending, t)
		c.rearm()
	}
	return t
}

// rearm sets the real timer for the first pending timer. It is called with mu held, as
// arm, startDue and moveTo are.
func (c *Virtual) rearm() {
	if c.frozen {
		return
	}
	var head *timer
	if len(c.pending) > 0 {
		head = c.pending[0]
	}
	if head == c.armedFor {
		return
	}
	if c.realTimer != nil {
		c.realTimer.Stop()
	}
	c.arm(head)
}

func (c *Virtual) arm(head *timer) {
	c.armedFor = head
	if head != nil {
		c.realTimer = time.AfterFunc(max(head.dueAt.Sub(c.now()), 0), c.startOverdue)
	}
}

// startOverdue starts everything that has become due as real time passed. The real
// timer calls it.
func (c *Virtual) startOverdue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.startDue(c.now())
	c.armedFor = nil // the real timer has fired, even if the machine's time was set back
	c.rearm()
}

// startDue removes the timers that are due by until and starts their callbacks.
func (c *Virtual) startDue(until time.Time) {
	b := &batch{done: make(chan struct{})}
	for len(c.pending) > 0 && !c.pending[0].dueAt.After(until) {
		t := heap.Pop(&c.pending).(*timer)
		b.unfinished++
		go c.run(b, t) // waits for mu before it ends, so b is registered by then
	}
	if b.unfinished > 0 {
		c.running[b] = struct{}{}
	}
}

func (c *Virtual) run(b *batch, t *timer) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if b.unfinished--; b.unfinished == 0 {
			delete(c.running, b)
			close(b.done)
		}
	}()
	t.f()
}

// waitRunning returns when the callbacks that run now have returned. It does not wait
// for those that start meanwhile: on a busy clock that might never end.
func (c *Virtual) waitRunning(ctx context.Context) error {
	c.mu.Lock()
	running := slices.Collect(maps.Keys(c.running))
	c.mu.Unlock()
	for _, b := range running {
		select {
		case <-b.done:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Advance moves the clock forward by d. It stops at each moment at which a timer is due
// and returns when all callbacks have returned, including those that were running
// before. Callbacks of the same moment run concurrently. When ctx ends it returns its
// error; the clock has then moved only a part of the way.
func (c *Virtual) Advance(ctx context.Context, d time.Duration) error {
	select {
	case c.advanceLock <- struct{}{}:
		defer func() { <-c.advanceLock }()
	case <-ctx.Done():
		return ctx.Err()
	}
	target, err := c.advanceTarget(d)
	if err != nil {
		return err
	}
	for {
		if err := c.waitRunning(ctx); err != nil {
			return err
		}
		if !c.step(target) {
			return nil
		}
	}
}

func (c *Virtual) advanceTarget(d time.Duration) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d < 0 {
		return time.Time{}, fmt.Errorf("the clock cannot move back (by %v)", -d)
	}
	if c.offset > math.MaxInt64-d {
		return time.Time{}, fmt.Errorf("the clock is %v ahead of real time and cannot move %v more", c.offset, d)
	}
	return c.now().Add(d), nil
}

// step moves to the next moment up to target at which timers are due, and starts them.
// With none left it moves to target and reports false.
func (c *Virtual) step(target time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.rearm()
	if len(c.pending) == 0 || c.pending[0].dueAt.After(target) {
		c.moveTo(target)
		return false
	}
	at := c.pending[0].dueAt
	c.moveTo(at)
	c.startDue(at)
	return true
}

// moveTo moves the clock to t, unless real time has already passed it.
func (c *Virtual) moveTo(t time.Time) {
	ahead := t.Sub(c.now())
	if ahead <= 0 {
		return
	}
	if c.frozen {
		c.frozenAt = t
		return
	}
	c.offset += ahead
	c.armedFor = nil // the real timer must be set anew: its timer is due sooner
	if c.realTimer != nil {
		c.realTimer.Stop()
	}
}

// Close drops all timers and waits for running callbacks. Timers that are made later
// never run.
func (c *Virtual) Close() {
	c.mu.Lock()
	c.closed = true
	for _, t := range c.pending {
		t.index = -1
	}
	c.pending = nil
	c.rearm()
	c.mu.Unlock()
	_ = c.waitRunning(context.Background()) // this context never ends
}
