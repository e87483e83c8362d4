package queues

import (
	"encoding/hex"
	"log/slog"
	"os"
	"time"

	"flint/queues/journal"
)

// verdict is what the handler decided for one message.
type verdict struct {
	ack   bool
	delay *time.Duration // of a retry; nil means the consumer's
}

// settle applies the outcome of a batch and writes it to the journal.
func (c *Consumer) settle(batch []*message, out Outcome, took time.Duration) {
	q := c.queue
	q.mu.Lock()
	c.markReachable()
	c.lastBatchFailed = out.Outcome != "ok"
	s := c.settlementOf(batch, out)
	if err := q.log.WriteSettlement(&s); err != nil {
		// The handler has run: its acks hold until a restart, after which
		// these messages are delivered again.
		q.broker.log.Error("the outcome of a batch could not be noted in the journal", slog.String("queue", q.name), slog.Any("error", err))
	}
	q.applySettlement(&s, EventAcked)
	q.compact()
	q.mu.Unlock()
	c.logBatch(len(batch), &s, out.Outcome, took)
	if len(s.Dead) > 0 {
		_ = q.moveDead(false) // it logs its errors
	}
}

// settlementOf turns an outcome into what becomes of each message.
// https://developers.cloudflare.com/queues/configuration/batching-retries/#explicit-acknowledgement-and-retries
func (c *Consumer) settlementOf(batch []*message, out Outcome) journal.Settlement {
	now := c.queue.broker.now()
	s := journal.Settlement{AtMs: now, DeadTo: c.cfg.DeadLetterQueue}
	explicit := out.explicitVerdicts()
	rest := out.defaultVerdict()
	for _, m := range batch {
		if m.State != stateInFlight { // purged meanwhile
			continue
		}
		v, ok := explicit[m.ID]
		if !ok {
			v = rest
		}
		if v.ack {
			s.Removed = append(s.Removed, m)
			continue
		}
		c.queue.retryOrEnd(&s, c, m, now+c.retryDelay(v.delay).Milliseconds())
	}
	return s
}

// explicitVerdicts are the messages that the handler named: a call on a message beats
// one on the batch, and an ack holds even if the handler threw.
func (o *Outcome) explicitVerdicts() map[[16]byte]verdict {
	if len(o.ExplicitAcks)+len(o.Retries) == 0 {
		return nil
	}
	named := make(map[[16]byte]verdict, len(o.ExplicitAcks)+len(o.Retries))
	for _, r := range o.Retries {
		if id, ok := parseID(r.ID); ok {
			named[id] = verdict{delay: r.Delay}
		}
	}
	for _, s := range o.ExplicitAcks {
		if id, ok := parseID(s); ok {
			named[id] = verdict{ack: true}
		}
	}
	return named
}

// defaultVerdict is the verdict on the messages that the handler did not name.
func (o *Outcome) defaultVerdict() verdict {
	switch {
	case o.AckAll:
		return verdict{ack: true}
	case o.RetryAll:
		return verdict{delay: o.RetryAllDelay}
	}
	return verdict{ack: o.Outcome == "ok"}
}

// endFailed sends a message that has had all its retries to the dead letter
// queue, or drops it.
func (q *Queue) endFailed(s *journal.Settlement, m *message) {
	attrs := []any{slog.String("queue", q.name), slog.String("message", hex.EncodeToString(m.ID[:])), slog.Int("attempts", int(m.Attempts))}
	if s.DeadTo == "" {
		s.Dropped = append(s.Dropped, m)
		q.broker.log.Warn("message dropped: it failed on every attempt and there is no dead letter queue", attrs...)
		return
	}
	s.Dead = append(s.Dead, m)
	q.broker.log.Warn("message failed on every attempt and goes to the dead letter queue", append(attrs, slog.String("dead_letter_queue", s.DeadTo))...)
}

// applySettlement does in memory what a settlement says. Watchers hear of the removed
// messages as removedAs; when that is empty they hear nothing of them.
func (q *Queue) applySettlement(s *journal.Settlement, removedAs EventKind) {
	q.notifySettled(s, removedAs)
	for _, m := range s.Removed {
		delete(q.dying, m)
		q.removeFromBacklog(m)
	}
	for _, m := range s.Dropped {
		q.removeFromBacklog(m)
	}
	for _, r := range s.Retries {
		r.Message.DueMs = r.DueMs
		q.enqueue(r.Message, s.AtMs)
	}
	for _, m := range s.Dead {
		q.setState(m, stateDying)
		q.dying[m] = &deadLetter{message: m, to: s.DeadTo, redrive: s.Redrive}
	}
}

// discard deletes waiting messages by their place in the queue, as the REST
// form of Peek names it. It returns how many there were; a running message stays.
func (q *Queue) discard(seqs []uint64) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, os.ErrClosed
	}
	s := journal.Settlement{AtMs: q.broker.now()}
	for _, seq := range seqs {
		if m := q.findBySeq(seq); m != nil && (m.State == stateReady || m.State == stateDelayed) {
			s.Removed = append(s.Removed, m)
		}
	}
	if err := q.log.WriteSettlement(&s); err != nil {
		return 0, err
	}
	before := q.backlogCount
	q.applySettlement(&s, EventPurged)
	q.compact()
	return before - q.backlogCount, nil
}

func parseID(s string) (id [16]byte, ok bool) {
	if len(s) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil
}
