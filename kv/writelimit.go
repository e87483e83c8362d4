package kv

import (
	"sync"
	"time"

	"flint/internal/clock"
)

// writeLimit refuses a second write to a key within a second, as Cloudflare
// does. Its documentation speaks of writes, so deletes are not counted.
//
// https://developers.cloudflare.com/kv/platform/limits/
type writeLimit struct {
	clock clock.Clock

	mu     sync.Mutex
	recent map[string]time.Time
	order  []string // of recent, the oldest first
}

func newWriteLimit(c clock.Clock) *writeLimit {
	return &writeLimit{clock: c, recent: map[string]time.Time{}}
}

// take notes a write to each of the keys, or fails when one of them was written
// less than a second ago. A nil limit allows everything.
func (l *writeLimit) take(keys ...string) error {
	if l == nil {
		return nil
	}
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(now)
	for _, key := range keys {
		if _, ok := l.recent[key]; ok {
			return errTooManyWrites
		}
	}
	for _, key := range keys {
		if _, twice := l.recent[key]; !twice {
			l.recent[key] = now
			l.order = append(l.order, key)
		}
	}
	return nil
}

// prune forgets writes that are a second old, and the oldest when there are too many.
func (l *writeLimit) prune(now time.Time) {
	n := 0
	for n < len(l.order) && (now.Sub(l.recent[l.order[n]]) >= writeInterval || len(l.order)-n > maxRecentWrites) {
		delete(l.recent, l.order[n])
		n++
	}
	if l.order = l.order[n:]; len(l.order) == 0 {
		l.order = nil
	}
}
