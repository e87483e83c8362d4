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
	settlement := c.settlementOf(batch, out)
	if err := q.log.WriteSettlement(&settlement); err != nil {
		// The handler has run: its acks hold until a restart, after which
		// these messages are delivered again.
		q.broker.log.Error("the outcome of a batch could not be noted in the journal", slog.String("queue", q.name), slog.Any("error", err))
	}
	q.applySettlement(&settlement, EventAcked)
	q.compact()
	q.mu.Unlock()
	c.logBatch(len(batch), &settlement, out.Outcome, took)
	if len(settlement.Dead) > 0 {
		_ = q.moveDead(false) // it logs its errors
	}
}

// settlementOf turns an outcome into what becomes of each message.
// https://developers.cloudflare.com/queues/configuration/batching-retries/#explicit-acknowledgement-and-retries
func (c *Consumer) settlementOf(batch []*message, out Outcome) journal.Settlement {
	now := c.queue.broker.now()
	settlement := journal.Settlement{AtMs: now, DeadTo: c.cfg.DeadLetterQueue}
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
			settlement.Removed = append(settlement.Removed, m)
			continue
		}
		c.queue.retryOrEnd(&settlement, c, m, now+c.retryDelay(v.delay).Milliseconds())
	}
	return settlement
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
func (q *Queue) endFailed(settlement *journal.Settlement, m *message) {
	attrs := []any{slog.String("queue", q.name), slog.String("message", hex.EncodeToString(m.ID[:])), slog.Int("attempts", int(m.Attempts))}
	if settlement.DeadTo == "" {
		settlement.Dropped = append(settlement.Dropped, m)
		q.broker.log.Warn("message dropped: it failed on every attempt and there is no dead letter queue", attrs...)
		return
	}
	settlement.Dead = append(settlement.Dead, m)
	q.broker.log.Warn("message failed on every attempt and goes to the dead letter queue", append(attrs, slog.String("dead_letter_queue", settlement.DeadTo))...)
}

// applySettlement does in memory what a settlement says. Watchers hear of the removed
// messages as removedAs; when that is empty they hear nothing of them.
func (q *Queue) applySettlement(settlement *journal.Settlement, removedAs EventKind) {
	q.notifySettled(settlement, removedAs)
	for _, m := range settlement.Removed {
		delete(q.dying, m)
		q.removeFromBacklog(m)
	}
	for _, m := range settlement.Dropped {
		q.removeFromBacklog(m)
	}
	for _, r := range settlement.Retries {
		r.Message.DueMs = r.DueMs
		q.enqueue(r.Message, settlement.AtMs)
	}
	for _, m := range settlement.Dead {
		q.setState(m, stateDying)
		q.dying[m] = &deadLetter{message: m, to: settlement.DeadTo, redrive: settlement.Redrive}
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
	settlement := journal.Settlement{AtMs: q.broker.now()}
	for _, seq := range seqs {
		if m := q.findBySeq(seq); m != nil && (m.State == stateReady || m.State == stateDelayed) {
			settlement.Removed = append(settlement.Removed, m)
		}
	}
	if err := q.log.WriteSettlement(&settlement); err != nil {
		return 0, err
	}
	before := q.backlogCount
	q.applySettlement(&settlement, EventPurged)
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
