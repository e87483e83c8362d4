package queues

import (
	"container/heap"
	"context"
	"math"
)

// start lets deliveries begin.
func (q *Queue) start(ctx context.Context) {
	q.mu.Lock()
	q.ctx = ctx
	now := q.b.now()
	q.expire(now)
	q.pump(now)
	q.mu.Unlock()
	q.moveDead(true)
}

func (q *Queue) delay(m *message) {
	m.state = stDelayed
	heap.Push(&q.delayed, m)
}

// promote makes ready what has been delayed until now.
func (q *Queue) promote(now int64) {
	for m := q.delayed.head(); m != nil && m.due <= now; m = q.delayed.head() {
		heap.Pop(&q.delayed)
		q.place(m, now)
	}
}

// front is the first ready message, nil when there is none.
func (q *Queue) front() *message {
	for q.ready.len() > 0 && q.ready.at(0).state != stReady {
		q.ready.pop()
	}
	if q.ready.len() == 0 {
		return nil
	}
	return q.ready.at(0)
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
	return q.consumer != nil && !q.closed && !q.settings.paused && q.ctx != nil && q.ctx.Err() == nil
}

// due tells whether a batch is full, or its first message has waited long enough.
func (c *Consumer) due(now int64) bool {
	return c.q.nReady >= c.cfg.MaxBatchSize || c.q.nReady > 0 && c.deadline() <= now
}

// deadline is when the first ready message has waited for max_batch_timeout.
func (c *Consumer) deadline() int64 {
	return c.q.front().due + c.cfg.MaxBatchTimeout.Milliseconds()
}

// slots is how many batches may run at once.
// https://developers.cloudflare.com/queues/configuration/consumer-concurrency/
func (c *Consumer) slots() int {
	if c.cfg.MaxConcurrency > 0 {
		return c.cfg.MaxConcurrency
	}
	return min(autoConcurrency, 1+c.q.nReady/(scaleBacklog*c.cfg.MaxBatchSize))
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
	sooner := func(t int64) {
		if t < at {
			at = t
		}
	}
	if q.ctx == nil {
		return at
	}
	if q.deadAt > 0 {
		sooner(q.deadAt)
	}
	if m := q.oldest(); m != nil && m.state != stRunning && m.state != stDead {
		t := q.expiry(m)
		if t <= now { // it could not be deleted just now
			t = now + maxBackoff.Milliseconds()
		}
		sooner(t)
	}
	if !q.delivers() {
		return at
	}
	if m := q.delayed.head(); m != nil {
		sooner(m.due)
	}
	// What is overdue waits for a free slot, not for the timer.
	c := q.consumer
	if q.nReady > 0 {
		t := c.hold
		if q.nReady < c.cfg.MaxBatchSize {
			t = max(t, c.deadline())
		}
		if t > now {
			sooner(t)
		}
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
	retryDead := q.deadAt > 0 && q.deadAt <= now
	if retryDead {
		q.deadAt = 0
	}
	q.expire(now)
	q.pump(now)
	q.mu.Unlock()
	if retryDead {
		q.moveDead(false)
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
