package clock

import (
	"container/heap"
	"time"
)

// timer is a pending AfterFunc of a Virtual.
type timer struct {
	clock *Virtual
	dueAt time.Time
	seq   uint64 // orders timers that are due at the same moment
	f     func()
	index int // in the heap; -1 once removed
}

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.pending, t.index)
	t.clock.rearm()
	return true
}

// timerHeap is a container/heap of timers, the next due first.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].dueAt.Equal(h[j].dueAt) {
		return h[i].seq < h[j].seq
	}
	return h[i].dueAt.Before(h[j].dueAt)
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
