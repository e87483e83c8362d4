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
func (s *sendSlots) acquire(ctx context.Context) *sendSlot {
	slot, waiter := s.tryAcquire()
	for slot == nil && ctx.Err() == nil {
		timer, stop := context.WithTimeout(ctx, s.revokeExpired())
		select {
		case slot = <-waiter.Value.(chan *sendSlot):
		case <-timer.Done():
		}
		stop()
	}
	if slot == nil {
		s.cancelWait(waiter)
	}
	return slot
}

// tryAcquire returns a slot, or the element of waiters on whose channel one will come.
func (s *sendSlots) tryAcquire() (*sendSlot, *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.granted.Len() < maxSlots {
		return s.grant(), nil
	}
	return nil, s.waiters.PushBack(make(chan *sendSlot, 1))
}

// revokeExpired revokes slots that are older than maxSlotTime while there are waiters.
// It returns when the next slot expires.
func (s *sendSlots) revokeExpired() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiters.Len() > 0 {
		oldest := s.granted.Front().Value.(*sendSlot)
		if left := maxSlotTime - oldest.granted.Elapsed(); left > 0 {
			return left
		}
		oldest.revoke()
	}
	return maxSlotTime
}

// cancelWait removes a waiter. A slot that it has been granted meanwhile is freed.
func (s *sendSlots) cancelWait(waiter *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case slot := <-waiter.Value.(chan *sendSlot):
		slot.revoke()
	default:
		s.waiters.Remove(waiter)
	}
}

// grant creates a slot. It is called with mu held.
func (s *sendSlots) grant() *sendSlot {
	slot := &sendSlot{slots: s, granted: clock.StartStopwatch()}
	slot.element = s.granted.PushBack(slot)
	return slot
}

// revoke frees the slot and grants one to the longest waiter. It is called with mu
// held.
func (slot *sendSlot) revoke() {
	slot.slots.granted.Remove(slot.element)
	slot.element = nil
	if first := slot.slots.waiters.Front(); first != nil {
		slot.slots.waiters.Remove(first).(chan *sendSlot) <- slot.slots.grant()
	}
}

// release frees the slot, unless it was revoked. It does nothing for a nil slot.
func (slot *sendSlot) release() {
	if slot == nil {
		return
	}
	slot.slots.mu.Lock()
	defer slot.slots.mu.Unlock()
	if slot.element != nil {
		slot.revoke()
	}
}
