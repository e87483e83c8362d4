package queues

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"flint/internal/clock"
	"flint/queues/journal"
)

// spawn starts a goroutine that delivers batches until none is due. The lock
// is held.
func (c *Consumer) spawn() {
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancel(c.q.ctx)
	}
	if c.running == 0 {
		c.idle = make(chan struct{})
	}
	c.running++
	c.q.b.workers.Add(1)
	go c.run()
}

func (c *Consumer) run() {
	defer c.q.b.workers.Done()
	for {
		batch, view := c.take()
		if batch == nil {
			return
		}
		c.deliver(batch, view)
	}
}

// take forms the next batch and journals the attempt; with none due, or when
// fewer batches should run at once, it gives the slot back and returns nil.
func (c *Consumer) take() ([]*message, Batch) {
	q := c.q
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.b.now()
	q.expire(now)
	q.promote(now)
	if q.consumer == c && q.delivers() && c.hold <= now && c.running <= c.slots() && c.due(now) {
		if batch, view := c.form(now); batch != nil {
			q.pump(now)
			return batch, view
		}
	}
	c.running--
	q.arm(now)
	if c.running == 0 {
		close(c.idle)
		q.compact()
	}
	return nil, Batch{}
}

// form pops a batch and reads its bodies. It returns nil when the journal
// cannot be read or written.
func (c *Consumer) form(now int64) ([]*message, Batch) {
	q := c.q
	batch := q.popReady(min(q.n[stReady], c.cfg.MaxBatchSize))
	view, err := q.view(batch)
	if err == nil {
		err = q.log.WriteAttempts(batch, 1)
	}
	if err != nil {
		q.b.log.Error("a batch could not be formed", slog.String("queue", q.name), slog.Any("error", err))
		q.putBack(batch)
		c.holdBack(now)
		return nil, Batch{}
	}
	for i, m := range batch {
		m.Attempts++
		view.Messages[i].Attempts++
	}
	q.b.tellBatch(EventDelivered, q, batch, view.Messages)
	return batch, view
}

// holdBack lets some time pass before the next try, twice as long each time.
func (c *Consumer) holdBack(now int64) {
	c.backoff = min(max(2*c.backoff, firstBackoff), maxBackoff)
	c.hold = now + c.backoff.Milliseconds()
}

// view is a batch as the handler sees it, with the metrics of what the queue
// holds beside it.
func (q *Queue) view(batch []*message) (Batch, error) {
	views, err := q.views(batch)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{Queue: q.name, Messages: views}
	b.Metrics = Metrics{BacklogCount: q.count - len(batch), BacklogBytes: q.bytes}
	for _, m := range batch {
		b.Metrics.BacklogBytes -= int64(m.BodyBytes)
	}
	first := q.front()
	if d := q.delayed.head(stDelayed); first == nil || d != nil && d.SentMs < first.SentMs {
		first = d
	}
	if first != nil {
		b.Metrics.OldestMessage = fromMillis(first.SentMs)
	}
	return b, nil
}

// deliver runs one batch in the Worker and settles its messages. A handler that
// runs for longer than maxRun is cut off, and all its messages are retried, those
// too that it acknowledged: the runtime tells of an ack() when the handler ends.
func (c *Consumer) deliver(batch []*message, b Batch) {
	ctx, cancel := context.WithTimeout(c.ctx, c.q.b.maxRun)
	defer cancel()
	watch := clock.StartStopwatch()
	out, err := c.to.DeliverQueue(ctx, b)
	switch {
	case err == nil:
		c.settle(batch, out, watch.Elapsed())
	case c.ctx.Err() != nil:
		c.interrupted(batch)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.settle(batch, Outcome{Outcome: "exceededWallTime"}, watch.Elapsed())
	default:
		c.unreached(batch, err)
	}
}

// interrupted puts a batch back whose delivery was cut off by Close or Detach.
// The Worker may have seen it, so the attempt counts.
func (c *Consumer) interrupted(batch []*message) {
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	c.q.putBack(batch)
}

// unreached puts a batch back that did not get to the Worker: the attempt does
// not count, and the next one waits a little.
func (c *Consumer) unreached(batch []*message, cause error) {
	q := c.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.log.WriteAttempts(batch, -1); err != nil {
		q.b.log.Error("a failed delivery could not be noted in the journal", slog.String("queue", q.name), slog.Any("error", err))
	} else {
		for _, m := range batch {
			m.Attempts--
		}
	}
	q.putBack(batch)
	c.holdBack(q.b.now())
	q.compact()
	if !c.saidDown {
		c.saidDown = true
		q.b.log.Warn("the consumer of a queue cannot be reached; its messages wait",
			slog.String("queue", q.name), slog.Int("messages", q.count), slog.Any("error", cause))
	}
}

// reached notes that the Worker answered.
func (c *Consumer) reached() {
	c.hold, c.backoff = 0, 0
	if c.saidDown {
		c.saidDown = false
		c.q.b.log.Info("the consumer of a queue is back", slog.String("queue", c.q.name))
	}
}

// logBatch is the line that a developer sees for each batch.
func (c *Consumer) logBatch(total int, s *journal.Settlement, outcome string, took time.Duration) {
	c.q.b.log.Info("queue batch", slog.String("queue", c.q.name), slog.Int("messages", total),
		slog.Int("retried", len(s.Retries)), slog.Int("dead", len(s.Dead)),
		slog.String("outcome", outcome), slog.Duration("took", took))
}
