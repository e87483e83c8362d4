package queues

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"flint/internal/clock"
	"flint/queues/journal"
)

// startDelivering starts a goroutine that delivers batches until none is due. The lock
// is held.
func (c *Consumer) startDelivering() {
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancel(c.queue.deliveryCtx)
	}
	if c.running == 0 {
		c.idle = make(chan struct{})
	}
	c.running++
	c.queue.broker.background.Add(1)
	go c.deliverBatches()
}

func (c *Consumer) deliverBatches() {
	defer c.queue.broker.background.Done()
	for {
		batch, view := c.takeBatch()
		if batch == nil {
			return
		}
		c.deliver(batch, view)
	}
}

// takeBatch forms the next batch and journals the attempt; with none due, or when
// fewer batches should run at once, it counts itself out of running and returns nil.
func (c *Consumer) takeBatch() ([]*message, Batch) {
	q := c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.broker.now()
	q.removeExpired(now)
	q.promoteDelayed(now)
	if q.consumer == c && q.isDelivering() && c.retryAtMs <= now && c.running <= c.maxRunning() && c.isBatchDue(now) {
		if batch, view := c.formBatch(now); batch != nil {
			q.dispatch(now)
			return batch, view
		}
	}
	c.running--
	q.setTimer(now)
	if c.running == 0 {
		close(c.idle)
		q.compact()
	}
	return nil, Batch{}
}

// formBatch pops a batch and reads its bodies. It returns nil when the journal
// cannot be read or written.
func (c *Consumer) formBatch(now int64) ([]*message, Batch) {
	q := c.queue
	batch := q.popReady(min(q.countByState[stateReady], c.cfg.MaxBatchSize))
	view, err := q.readBatch(batch)
	if err == nil {
		err = q.log.WriteAttempts(batch, 1)
	}
	if err != nil {
		q.broker.log.Error("a batch could not be formed", slog.String("queue", q.name), slog.Any("error", err))
		q.requeue(batch)
		c.backOff(now)
		return nil, Batch{}
	}
	for i, m := range batch {
		m.Attempts++
		view.Messages[i].Attempts++
	}
	q.broker.notifyBatch(EventDelivered, q, batch, view.Messages)
	return batch, view
}

// backOff sets the time of the next attempt, with twice the wait each time.
func (c *Consumer) backOff(now int64) {
	c.backoff = min(max(2*c.backoff, firstBackoff), maxBackoff)
	c.retryAtMs = now + c.backoff.Milliseconds()
}

// readBatch is a batch as the handler sees it, with the metrics of what the queue
// holds beside it.
func (q *Queue) readBatch(batch []*message) (Batch, error) {
	views, err := q.readMessages(batch)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{Queue: q.name, Messages: views}
	b.Metrics = Metrics{BacklogCount: q.backlogCount - len(batch), BacklogBytes: q.backlogBytes}
	for _, m := range batch {
		b.Metrics.BacklogBytes -= int64(m.BodyBytes)
	}
	first := q.firstReady()
	if d := q.delayed.first(stateDelayed); first == nil || d != nil && d.SentMs < first.SentMs {
		first = d
	}
	if first != nil {
		b.Metrics.OldestMessage = fromMillis(first.SentMs)
	}
	return b, nil
}

// deliver runs one batch in the Worker and settles its messages. A handler that
// runs for longer than Broker.handlerTimeout is cut off, and all its messages are retried, also
// those that it acknowledged: the runtime reports an ack() when the handler ends.
func (c *Consumer) deliver(batch []*message, b Batch) {
	ctx, cancel := context.WithTimeout(c.ctx, c.queue.broker.handlerTimeout)
	defer cancel()
	watch := clock.StartStopwatch()
	out, err := c.deliverer.DeliverQueue(ctx, b)
	switch {
	case err == nil:
		c.settle(batch, out, watch.Elapsed())
	case c.ctx.Err() != nil:
		c.requeueInterrupted(batch)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.settle(batch, Outcome{Outcome: "exceededWallTime"}, watch.Elapsed())
	default:
		c.requeueUnreached(batch, err)
	}
}

// requeueInterrupted puts a batch back whose delivery was cut off by Close or Detach.
// The Worker may have seen it, so the attempt counts.
func (c *Consumer) requeueInterrupted(batch []*message) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	c.queue.requeue(batch)
}

// requeueUnreached puts a batch back that did not get to the Worker: the attempt does
// not count, and the next one waits a little.
func (c *Consumer) requeueUnreached(batch []*message, cause error) {
	q := c.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.log.WriteAttempts(batch, -1); err != nil {
		q.broker.log.Error("a failed delivery could not be noted in the journal", slog.String("queue", q.name), slog.Any("error", err))
	} else {
		for _, m := range batch {
			m.Attempts--
		}
	}
	q.requeue(batch)
	c.backOff(q.broker.now())
	q.compact()
	if !c.unreachableWasLogged {
		c.unreachableWasLogged = true
		q.broker.log.Warn("the consumer of a queue cannot be reached; its messages wait",
			slog.String("queue", q.name), slog.Int("messages", q.backlogCount), slog.Any("error", cause))
	}
}

// markReachable notes that the Worker answered.
func (c *Consumer) markReachable() {
	c.retryAtMs, c.backoff = 0, 0
	if c.unreachableWasLogged {
		c.unreachableWasLogged = false
		c.queue.broker.log.Info("the consumer of a queue is back", slog.String("queue", c.queue.name))
	}
}

// logBatch is the line that a developer sees for each batch.
func (c *Consumer) logBatch(total int, settlement *journal.Settlement, outcome string, took time.Duration) {
	c.queue.broker.log.Info("queue batch", slog.String("queue", c.queue.name), slog.Int("messages", total),
		slog.Int("retried", len(settlement.Retries)), slog.Int("dead", len(settlement.Dead)),
		slog.String("outcome", outcome), slog.Duration("took", took))
}
