package loophttp

import (
	"container/list"
	"context"
	"sync"
	"time"

	"flint/internal/clock"
)

const (
	// maxSlots is how many files are sent at once. workerd buffers up to half a
	// megabyte of each, and its throughput is higher when they come one after the
	// other.
	maxSlots = 32
	// maxSlotTime is how long a file whose reader is slow may keep its slot while
	// others wait for one.
	maxSlotTime = 100 * time.Millisecond
)

// sendSlots limits how many large responses are sent at once. The zero value is
// ready to use.
type sendSlots struct {
	mu      sync.Mutex
	granted list.List // of *sendSlot, the oldest first
	waiters list.List // of chan *sendSlot, in the order of arrival
}

// sendSlot is the right to send one response. Its holder calls release.
type sendSlot struct {
	slots   *sendSlots
	granted clock.Stopwatch
	element *list.Element // in slots.granted; nil once released or revoked
}

// acquire waits for a slot. It returns nil if ctx ends first.
func (t *sendSlots) acquire(ctx context.Context) *sendSlot {
	slot, waiter := t.tryAcquire()
	for slot == nil && ctx.Err() == nil {
		timer, stop := context.WithTimeout(ctx, t.revokeExpired())
		select {
		case slot = <-waiter.Value.(chan *sendSlot):
		case <-timer.Done():
		}
		stop()
	}
	if slot == nil {
		t.cancelWait(waiter)
	}
	return slot
}

// tryAcquire returns a slot, or the element of waiters on whose channel one will come.
func (t *sendSlots) tryAcquire() (*sendSlot, *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.granted.Len() < maxSlots {
		return t.grant(), nil
	}
	return nil, t.waiters.PushBack(make(chan *sendSlot, 1))
}

// revokeExpired revokes slots that are older than maxSlotTime while there are waiters.
// It returns when the next slot expires.
func (t *sendSlots) revokeExpired() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.waiters.Len() > 0 {
		oldest := t.granted.Front().Value.(*sendSlot)
		if left := maxSlotTime - oldest.granted.Elapsed(); left > 0 {
			return left
		}
		oldest.revoke()
	}
	return maxSlotTime
}

// cancelWait removes a waiter. A slot that it has been granted meanwhile is freed.
func (t *sendSlots) cancelWait(waiter *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case slot := <-waiter.Value.(chan *sendSlot):
		slot.revoke()
	default:
		t.waiters.Remove(waiter)
	}
}

// grant creates a slot. It is called with mu held.
func (t *sendSlots) grant() *sendSlot {
	n := &sendSlot{slots: t, granted: clock.StartStopwatch()}
	n.element = t.granted.PushBack(n)
	return n
}

// revoke frees the slot and grants one to the longest waiter. It is called with mu
// held.
func (n *sendSlot) revoke() {
	n.slots.granted.Remove(n.element)
	n.element = nil
	if first := n.slots.waiters.Front(); first != nil {
		n.slots.waiters.Remove(first).(chan *sendSlot) <- n.slots.grant()
	}
}

// release frees the slot, unless it was revoked. It does nothing for a nil slot.
func (n *sendSlot) release() {
	if n == nil {
		return
	}
	n.slots.mu.Lock()
	defer n.slots.mu.Unlock()
	if n.element != nil {
		n.revoke()
	}
}
