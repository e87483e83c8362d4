package queues

import (
	"context"
	"math"
)

// start allows deliveries.
func (q *Queue) start(ctx context.Context) {
	q.mu.Lock()
	q.deliveryCtx = ctx
	now := q.broker.now()
	q.catchUp(now)
	q.dispatch(now)
	q.compact()
	q.mu.Unlock()
}

// dispatch starts a delivery if one is due and sets the timer to the next moment
// at which something falls due. It is called, with the lock held, after every change.
func (q *Queue) dispatch(now int64) {
	q.promoteDelayed(now)
	if c := q.consumer; q.isDelivering() && c.retryAtMs <= now && c.running < c.maxRunning() && c.isBatchDue(now) {
		c.startDelivering()
	}
	q.setTimer(now)
}

// isDelivering tells whether the queue pushes messages at present.
func (q *Queue) isDelivering() bool {
	return q.consumer != nil && q.consumer.deliverer != nil && !q.closed && !q.settings.Paused && q.deliveryCtx != nil && q.deliveryCtx.Err() == nil
}

// isBatchDue tells whether a batch is full, or its first message has waited long enough.
func (c *Consumer) isBatchDue(now int64) bool {
	return c.queue.countByState[stateReady] >= c.cfg.MaxBatchSize || c.queue.countByState[stateReady] > 0 && c.batchDueMs() <= now
}

// batchDueMs is when the first ready message has waited for max_batch_timeout.
func (c *Consumer) batchDueMs() int64 {
	return c.queue.firstReady().DueMs + c.cfg.MaxBatchTimeout.Milliseconds()
}

// maxRunning is how many batches may run at once. Without max_concurrency it grows
// with the backlog, and falls back to one while batches fail.
// https://developers.cloudflare.com/queues/configuration/consumer-concurrency/
func (c *Consumer) maxRunning() int {
	if c.cfg.MaxConcurrency > 0 {
		return c.cfg.MaxConcurrency
	}
	if c.lastBatchFailed {
		return 1
	}
	return min(maxAutoConcurrency, 1+c.queue.countByState[stateReady]/(batchesPerSlot*c.cfg.MaxBatchSize))
}

// setTimer sets the timer to the next moment at which something falls due. A timer
// that is set too early stays: it finds nothing to do and sets itself again.
func (q *Queue) setTimer(now int64) {
	at := q.nextDueMs(now)
	if q.closed || at == math.MaxInt64 || q.timer != nil && q.timerAtMs <= at {
		return
	}
	if q.timer != nil {
		q.timer.Stop()
	}
	q.timerSeq++
	seq := q.timerSeq
	q.timerAtMs = at
	q.timer = q.broker.clock.AfterFunc(fromMillis(at).Sub(q.broker.clock.Now()), func() { q.onTimer(seq) })
}

// nextDueMs is the next moment at which something falls due.
func (q *Queue) nextDueMs(now int64) int64 {
	at := int64(math.MaxInt64)
	if q.deliveryCtx == nil {
		return at
	}
	if q.moveDeadAtMs > 0 {
		at = q.moveDeadAtMs
	}
	if m := q.oldest(); m != nil && (m.State == stateReady || m.State == stateDelayed) {
		t := q.expiresAtMs(m)
		if t <= now { // it could not be deleted just now
			t = now + maxBackoff.Milliseconds()
		}
		at = min(at, t)
	}
	if m := q.leases.first(stateLeased); m != nil {
		at = min(at, m.DueMs)
	}
	if q.isDelivering() {
		at = min(at, q.nextBatchMs(now))
	}
	return at
}

// nextBatchMs is the next moment that may bring a batch. What is overdue waits
// until fewer batches run, not for the timer.
func (q *Queue) nextBatchMs(now int64) int64 {
	at := int64(math.MaxInt64)
	if m := q.delayed.first(stateDelayed); m != nil {
		at = m.DueMs
	}
	if q.countByState[stateReady] == 0 {
		return at
	}
	c := q.consumer
	t := c.retryAtMs
	if q.countByState[stateReady] < c.cfg.MaxBatchSize {
		t = max(t, c.batchDueMs())
	}
	if t > now {
		at = min(at, t)
	}
	return at
}

// onTimer does what falls due now. It returns once what fell due has been delivered, because
// the clock's Advance waits for it.
func (q *Queue) onTimer(seq uint64) {
	q.mu.Lock()
	if q.timerSeq == seq {
		q.timer = nil
	}
	if q.closed {
		q.mu.Unlock()
		return
	}
	now := q.broker.now()
	q.expireLeases(now)
	retryDead := q.moveDeadAtMs > 0 && q.moveDeadAtMs <= now
	if retryDead {
		q.moveDeadAtMs = 0
	}
	q.removeExpired(now)
	q.dispatch(now)
	q.mu.Unlock()
	if retryDead {
		_ = q.moveDead(false) // it logs its errors
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	consumer := q.consumer
	if consumer == nil || consumer.running == 0 || q.timerWaiters >= maxTimerWaiters {
		return
	}
	q.timerWaiters++
	idle := consumer.idle
	q.mu.Unlock()
	<-idle
	q.mu.Lock()
	q.timerWaiters--
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
