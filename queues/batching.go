package queues

import (
	"context"
	"math"
)

// start lets deliveries begin.
func (q *Queue) start(ctx context.Context) {
	q.mu.Lock()
	q.ctx = ctx
	now := q.b.now()
	q.tick(now)
	q.pump(now)
	q.compact()
	q.mu.Unlock()
}

// pump starts a delivery if one is due and points the timer at what comes
// next. It is called, with the lock held, after every change.
func (q *Queue) pump(now int64) {
	q.promote(now)
	if c := q.consumer; q.delivers() && c.hold <= now && c.running < c.slots() && c.due(now) {
		c.spawn()
	}
	q.arm(now)
}

// delivers tells whether the queue pushes messages at present.
func (q *Queue) delivers() bool {
	return q.consumer != nil && q.consumer.to != nil && !q.closed && !q.settings.Paused && q.ctx != nil && q.ctx.Err() == nil
}

// due tells whether a batch is full, or its first message has waited long enough.
func (c *Consumer) due(now int64) bool {
	return c.q.n[stReady] >= c.cfg.MaxBatchSize || c.q.n[stReady] > 0 && c.deadline() <= now
}

// deadline is when the first ready message has waited for max_batch_timeout.
func (c *Consumer) deadline() int64 {
	return c.q.front().DueMs + c.cfg.MaxBatchTimeout.Milliseconds()
}

// slots is how many batches may run at once. Without max_concurrency it grows
// with the backlog, and falls back to one while batches fail.
// https://developers.cloudflare.com/queues/configuration/consumer-concurrency/
func (c *Consumer) slots() int {
	if c.cfg.MaxConcurrency > 0 {
		return c.cfg.MaxConcurrency
	}
	if c.failing {
		return 1
	}
	return min(autoConcurrency, 1+c.q.n[stReady]/(scaleBacklog*c.cfg.MaxBatchSize))
}

// arm sets the timer to the next moment at which something falls due. A timer
// that is set too early stays: it finds nothing to do and sets itself again.
func (q *Queue) arm(now int64) {
	at := q.next(now)
	if q.closed || at == math.MaxInt64 || q.timer != nil && q.timerAt <= at {
		return
	}
	if q.timer != nil {
		q.timer.Stop()
	}
	q.timerSeq++
	seq := q.timerSeq
	q.timerAt = at
	q.timer = q.b.clock.AfterFunc(fromMillis(at).Sub(q.b.clock.Now()), func() { q.wake(seq) })
}

// next is the next moment at which something falls due.
func (q *Queue) next(now int64) int64 {
	at := int64(math.MaxInt64)
	if q.ctx == nil {
		return at
	}
	if q.deadAt > 0 {
		at = q.deadAt
	}
	if m := q.oldest(); m != nil && (m.State == stReady || m.State == stDelayed) {
		t := q.expiry(m)
		if t <= now { // it could not be deleted just now
			t = now + maxBackoff.Milliseconds()
		}
		at = min(at, t)
	}
	if m := q.leases.head(stLeased); m != nil {
		at = min(at, m.DueMs)
	}
	if q.delivers() {
		at = min(at, q.nextBatch(now))
	}
	return at
}

// nextBatch is the next moment that may bring a batch. What is overdue waits
// for a free slot, not for the timer.
func (q *Queue) nextBatch(now int64) int64 {
	at := int64(math.MaxInt64)
	if m := q.delayed.head(stDelayed); m != nil {
		at = m.DueMs
	}
	if q.n[stReady] == 0 {
		return at
	}
	c := q.consumer
	t := c.hold
	if q.n[stReady] < c.cfg.MaxBatchSize {
		t = max(t, c.deadline())
	}
	if t > now {
		at = min(at, t)
	}
	return at
}

// wake is the timer. It returns once what fell due has been delivered, because
// the clock's Advance waits for it.
func (q *Queue) wake(seq uint64) {
	q.mu.Lock()
	if q.timerSeq == seq {
		q.timer = nil
	}
	if q.closed {
		q.mu.Unlock()
		return
	}
	now := q.b.now()
	q.releaseLeases(now)
	retryDead := q.deadAt > 0 && q.deadAt <= now
	if retryDead {
		q.deadAt = 0
	}
	q.expire(now)
	q.pump(now)
	q.mu.Unlock()
	if retryDead {
		_ = q.moveDead(false) // it tells the log
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.consumer
	if c == nil || c.running == 0 || q.waiters >= maxWaiters {
		return
	}
	q.waiters++
	idle := c.idle
	q.mu.Unlock()
	<-idle
	q.mu.Lock()
	q.waiters--
}

// waitIdle waits for running batches and says whether there were any.
func (q *Queue) waitIdle(ctx context.Context) (bool, error) {
	q.mu.Lock()
	c := q.consumer
	if c == nil || c.running == 0 {
		q.mu.Unlock()
		return false, nil
	}
	idle := c.idle
	q.mu.Unlock()
	select {
	case <-idle:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}
