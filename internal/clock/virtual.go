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
// makes larger, or, when frozen, a time that only Advance moves.
type Virtual struct {
	mu      sync.Mutex
	frozen  bool
	at      time.Time     // the time, when frozen
	offset  time.Duration // added to real time, when not
	due     timers
	seq     uint64
	wake    *time.Timer // fires at the head of due, when not frozen
	head    *timer      // what wake is set for
	running map[*batch]struct{}
	closed  bool

	advancing chan struct{} // one Advance at a time
}

// batch is what was started at one moment.
type batch struct {
	left int           // callbacks that have not returned
	done chan struct{} // closed when left falls to zero
}

// New returns a clock that follows real time.
func New() *Virtual {
	return &Virtual{running: map[*batch]struct{}{}, advancing: make(chan struct{}, 1)}
}

// NewFrozen returns a clock that stands at t until Advance moves it.
func NewFrozen(t time.Time) *Virtual {
	c := New()
	c.frozen, c.at = true, t.UTC()
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
		return c.at
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
	t := &timer{clock: c, at: c.now().Add(max(d, 0)), seq: c.seq, f: f, index: -1}
	if !c.closed {
		heap.Push(&c.due, t)
		c.rearm()
	}
	return t
}

// rearm points the real timer at the head of the heap.
func (c *Virtual) rearm() {
	if c.frozen {
		return
	}
	var head *timer
	if len(c.due) > 0 {
		head = c.due[0]
	}
	if head == c.head {
		return
	}
	if c.wake != nil {
		c.wake.Stop()
	}
	c.setWake(head)
}

func (c *Virtual) setWake(head *timer) {
	c.head = head
	if head != nil {
		c.wake = time.AfterFunc(max(head.at.Sub(c.now()), 0), c.fire)
	}
}

// fire starts everything that fell due by the passing of real time.
func (c *Virtual) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.startDue(c.now())
	c.head = nil // its real timer is spent, even if the machine's time fell back
	c.rearm()
}

// startDue takes what is due off the heap and starts it.
func (c *Virtual) startDue(until time.Time) {
	b := &batch{done: make(chan struct{})}
	for len(c.due) > 0 && !c.due[0].at.After(until) {
		t := heap.Pop(&c.due).(*timer)
		b.left++
		go c.run(b, t) // cannot return before the lock is free
	}
	if b.left > 0 {
		c.running[b] = struct{}{}
	}
}

func (c *Virtual) run(b *batch, t *timer) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if b.left--; b.left == 0 {
			delete(c.running, b)
			close(b.done)
		}
	}()
	t.f()
}

// wait returns when the callbacks that run now have returned. It does not wait
// for those that start meanwhile: on a busy clock there would be no end.
func (c *Virtual) wait(ctx context.Context) error {
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

// Advance moves the clock forward by d, stopping at each moment at which
// something falls due, and returns when all of it has been done, including what
// fell due before and is still at work. Callbacks of the same moment run beside
// each other. It gives up waiting when ctx ends; the clock has then moved only
// part of the way.
func (c *Virtual) Advance(ctx context.Context, d time.Duration) error {
	select {
	case c.advancing <- struct{}{}:
		defer func() { <-c.advancing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	target, err := c.target(d)
	if err != nil {
		return err
	}
	for {
		if err := c.wait(ctx); err != nil {
			return err
		}
		if !c.step(target) {
			return nil
		}
	}
}

func (c *Virtual) target(d time.Duration) (time.Time, error) {
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

// step moves to the first moment up to target at which timers fall due and
// starts them; with none left it moves to target and reports false.
func (c *Virtual) step(target time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.rearm()
	if len(c.due) == 0 || c.due[0].at.After(target) {
		c.moveTo(target)
		return false
	}
	at := c.due[0].at
	c.moveTo(at)
	c.startDue(at)
	return true
}

// moveTo never moves back: a running clock may be past t by itself.
func (c *Virtual) moveTo(t time.Time) {
	ahead := t.Sub(c.now())
	if ahead <= 0 {
		return
	}
	if c.frozen {
		c.at = t
		return
	}
	c.offset += ahead
	c.head = nil // what was set in real time is due sooner now
	if c.wake != nil {
		c.wake.Stop()
	}
}

// Close drops all timers and waits for running callbacks.
func (c *Virtual) Close() {
	c.mu.Lock()
	c.closed = true
	for _, t := range c.due {
		t.index = -1
	}
	c.due = nil
	c.rearm()
	c.mu.Unlock()
	_ = c.wait(context.Background()) // cannot end early
}
