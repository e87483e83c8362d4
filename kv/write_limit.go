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

	mu          sync.Mutex
	lastWrites  map[string]time.Time
	oldestFirst []string // of recent, the oldest first
}

func newWriteLimit(c clock.Clock) *writeLimit {
	return &writeLimit{clock: c, lastWrites: map[string]time.Time{}}
}

// allow records a write to each of the keys, or fails when one of them was written
// less than a second ago. A nil limit allows everything.
func (l *writeLimit) allow(keys ...string) error {
	if l == nil {
		return nil
	}
	now := l.clock.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(now)
	for _, key := range keys {
		if _, ok := l.lastWrites[key]; ok {
			return errTooManyWrites
		}
	}
	for _, key := range keys {
		if _, twice := l.lastWrites[key]; !twice {
			l.lastWrites[key] = now
			l.oldestFirst = append(l.oldestFirst, key)
		}
	}
	return nil
}

// prune drops writes that are a second old, and the oldest when there are too many.
func (l *writeLimit) prune(now time.Time) {
	n := 0
	for n < len(l.oldestFirst) && (now.Sub(l.lastWrites[l.oldestFirst[n]]) >= writeInterval || len(l.oldestFirst)-n > maxRecentWrites) {
		delete(l.lastWrites, l.oldestFirst[n])
		n++
	}
	if l.oldestFirst = l.oldestFirst[n:]; len(l.oldestFirst) == 0 {
		l.oldestFirst = nil
	}
}
