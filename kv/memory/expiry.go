package memory

import (
	"time"

	"flint/kv/driver"
)

// Expired keys are removed by a timer at the earliest expiry, and before that
// by the first read after it. The log gets one record for each sweep,
// which says up to when: a key that was seen to be gone stays gone after a
// restart, even when the clock has been set back by then.
//
// https://developers.cloudflare.com/kv/api/write-key-value-pairs/#expiring-keys

func (n *Namespace) now() int64 { return n.clock.Now().Unix() }

// hasOverdue reports whether the table still holds an expired key.
func (n *Namespace) hasOverdue() bool {
	next := n.nextExpiry.Load()
	return next != 0 && n.now() >= next
}

// removeOverdue removes what has expired, so that readers need not compare times.
func (n *Namespace) removeOverdue() {
	if !n.hasOverdue() {
		return
	}
	n.writing.Lock()
	defer n.writing.Unlock()
	n.removeExpired()
}

// removeExpired removes what has expired and sets the timer for the rest. It is called
// with writing held.
func (n *Namespace) removeExpired() {
	now := n.now()
	if next := n.table.earliest(); next != 0 && next <= now {
		n.logExpiry(now)
		for n.expire(now) == sweepBatch {
		}
		n.compact()
	}
	n.setTimer()
}

func (n *Namespace) logExpiry(now int64) {
	if n.closed {
		return
	}
	if err := n.log.Append(driver.NewRecord(driver.OpExpire, "", nil, now, 0)); err != nil {
		// The keys have expired all the same; their own records say so too.
		n.logger.Error("an expiry could not be logged", "error", err)
	}
}

func (n *Namespace) expire(now int64) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.table.expire(now, sweepBatch)
}

// setTimer sets the timer to the earliest expiry. It is called with writing held.
func (n *Namespace) setTimer() {
	next := n.table.earliest()
	n.nextExpiry.Store(next)
	if next == n.timerAtSecond || n.closed {
		return
	}
	if n.timer != nil {
		n.timer.Stop()
		n.timer = nil
	}
	if n.timerAtSecond = next; next != 0 {
		wait := time.Unix(next, 0).Sub(n.clock.Now())
		n.timer = n.clock.AfterFunc(min(wait, driver.MaxTimerSeconds*time.Second), n.onTimer)
	}
}

func (n *Namespace) onTimer() {
	n.writing.Lock()
	defer n.writing.Unlock()
	n.timer, n.timerAtSecond = nil, 0
	n.removeExpired()
}
