package loophttp

import (
	"container/list"
	"context"
	"sync"
	"time"

	"flint/internal/clock"
)

const (
	// maxTurns is how many files are on their way to the peer at once. workerd
	// keeps up to half a megabyte for each, and does more of them a second when
	// they come after each other.
	maxTurns = 32
	// maxTurn is how long a file that is slow, or that nobody reads, keeps others
	// waiting.
	maxTurn = 100 * time.Millisecond
)

// turns lets large answers go in turns. The zero value is ready.
type turns struct {
	mu      sync.Mutex
	going   list.List // of *turn, the oldest first
	waiting list.List // of chan *turn, in the order of their coming
}

// turn is the right to send; whoever has it calls over.
type turn struct {
	of    *turns
	since clock.Stopwatch
	at    *list.Element // nil once it is over, or was lost
}

// take waits for a turn, and returns nil when ctx ends before.
func (t *turns) take(ctx context.Context) *turn {
	got, place := t.ask()
	for got == nil && ctx.Err() == nil {
		timer, stop := context.WithTimeout(ctx, t.relieve())
		select {
		case got = <-place.Value.(chan *turn):
		case <-timer.Done():
		}
		stop()
	}
	if got == nil {
		t.leave(place)
	}
	return got
}

// ask returns a turn, or a place among those who wait.
func (t *turns) ask() (*turn, *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.going.Len() < maxTurns {
		return t.begin(), nil
	}
	return nil, t.waiting.PushBack(make(chan *turn, 1))
}

// relieve takes the turns of files that had their time, as long as somebody
// waits, and tells when the next one has had it.
func (t *turns) relieve() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.waiting.Len() > 0 {
		oldest := t.going.Front().Value.(*turn)
		if left := maxTurn - oldest.since.Elapsed(); left > 0 {
			return left
		}
		oldest.lose()
	}
	return maxTurn
}

// leave gives a place up, or the turn that it was given just now.
func (t *turns) leave(place *list.Element) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case got := <-place.Value.(chan *turn):
		got.lose()
	default:
		t.waiting.Remove(place)
	}
}

// begin and lose are called with mu held.
func (t *turns) begin() *turn {
	n := &turn{of: t, since: clock.StartStopwatch()}
	n.at = t.going.PushBack(n)
	return n
}

// lose gives the turn to whoever waits longest.
func (n *turn) lose() {
	n.of.going.Remove(n.at)
	n.at = nil
	if first := n.of.waiting.Front(); first != nil {
		n.of.waiting.Remove(first).(chan *turn) <- n.of.begin()
	}
}

// over ends the turn, unless it was lost. A nil turn is over.
func (n *turn) over() {
	if n == nil {
		return
	}
	n.of.mu.Lock()
	defer n.of.mu.Unlock()
	if n.at != nil {
		n.lose()
	}
}
