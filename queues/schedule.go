package queues

import (
	"container/heap"
	"slices"
)

// schedule orders messages by the moment at which they fall due, then by
// arrival. An entry is stale, and dropped when it comes to the front or when
// such entries outweigh the others, once its message is in another state or
// falls due at another moment.
type schedule struct{ entries entries }

type entry struct {
	dueMs   int64
	message *message
}

func (s *schedule) push(m *message) { heap.Push(&s.entries, entry{m.DueMs, m}) }
func (s *schedule) pop()            { heap.Pop(&s.entries) }
func (s *schedule) len() int        { return len(s.entries) }

// first is the first message that is still in that state, nil when there is none.
func (s *schedule) first(in state) *message {
	for len(s.entries) > 0 {
		if e := s.entries[0]; e.isCurrent(in) {
			return e.message
		}
		heap.Pop(&s.entries)
	}
	return nil
}

// dropStale drops the stale entries.
func (s *schedule) dropStale(in state) {
	s.entries = slices.Clip(slices.DeleteFunc(s.entries, func(e entry) bool { return !e.isCurrent(in) }))
	heap.Init(&s.entries)
}

func (e entry) isCurrent(in state) bool { return e.message.State == in && e.message.DueMs == e.dueMs }

type entries []entry

func (h entries) Len() int { return len(h) }
func (h entries) Less(i, j int) bool {
	if h[i].dueMs == h[j].dueMs {
		return h[i].message.Seq < h[j].message.Seq
	}
	return h[i].dueMs < h[j].dueMs
}
func (h entries) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *entries) Push(x any) { *h = append(*h, x.(entry)) }

// Pop implements heap.Interface.
func (h *entries) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = entry{}
	*h = old[:len(old)-1]
	return e
}
