package queues

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"os"
	"time"

	"flint/queues/journal"
)

// LeaseID names one lease of one message: 32 hex digits that mean nothing to
// the caller.
type LeaseID string

// Leased is a message that a pull consumer has for itself until Expires.
type Leased struct {
	Message
	Lease   LeaseID
	Expires time.Time
}

// LeaseRetry asks for a message to be delivered again; a nil Delay means the
// consumer's retry_delay.
type LeaseRetry struct {
	Lease LeaseID
	Delay *time.Duration // 0 to MaxDelay
}

// Pull leases up to batchSize messages (0 = 5, at most MaxBatchMessages) for
// the visibility timeout (0 = the consumer's, else 30 s; at most
// MaxVisibility) and returns them with the number of messages that the queue
// holds, the leased ones included. It never waits: an empty queue gives no messages. A
// message that is not settled in time is ready again and its attempt has
// counted. The queue needs a consumer of type http_pull.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/
func (q *Queue) Pull(ctx context.Context, batchSize int, visibility time.Duration) ([]Leased, int, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	size, visible, err := q.checkPull(batchSize, visibility)
	if err != nil {
		return nil, 0, err
	}
	now := q.broker.now()
	q.catchUp(now)
	until := now + visible.Milliseconds()
	batch, views, err := q.leaseReady(size, until)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Leased, len(batch))
	for i, m := range batch {
		out[i] = Leased{Message: views[i], Lease: leaseOf(m), Expires: fromMillis(until)}
	}
	q.broker.notifyBatch(EventDelivered, q, batch, views)
	q.setTimer(now)
	return out, q.backlogCount, nil
}

// checkPull checks the arguments of Pull and fills in the defaults.
func (q *Queue) checkPull(size int, visibility time.Duration) (int, time.Duration, error) {
	c := q.consumer
	switch {
	case q.closed:
		return 0, 0, os.ErrClosed
	case c == nil || c.cfg.Type != HTTPPull:
		return 0, 0, errNoPull(q.name)
	case q.settings.Paused:
		return 0, 0, errPaused
	case size < 0 || size > MaxBatchMessages:
		return 0, 0, errPullSize(size)
	case visibility < 0 || visibility > MaxVisibility:
		return 0, 0, errVisibility(visibility)
	}
	if size == 0 {
		size = defaultPullSize
	}
	if visibility == 0 {
		visibility = c.cfg.VisibilityTimeout
	}
	return size, visibility, nil
}

// leaseReady takes ready messages from the front until a moment, in one record.
func (q *Queue) leaseReady(size int, until int64) ([]*message, []Message, error) {
	batch := q.popReady(min(q.countByState[stateReady], size))
	if len(batch) == 0 {
		return nil, nil, nil
	}
	views, err := q.readMessages(batch)
	if err == nil {
		err = q.log.WriteLease(batch, until)
	}
	if err != nil {
		q.requeue(batch)
		return nil, nil, err
	}
	for i, m := range batch {
		m.Attempts++
		views[i].Attempts++
		m.DueMs = until
		q.addLease(m)
	}
	return batch, views, nil
}

// addLease notes a lease that ends at the message's due time.
func (q *Queue) addLease(m *message) {
	q.setState(m, stateLeased)
	q.leases.push(m)
}

// expireLeases ends the leases that have run out: the messages are ready again
// or, after their last attempt, dead letters.
func (q *Queue) expireLeases(now int64) {
	var expired []*message
	for m := q.leases.first(stateLeased); m != nil && m.DueMs <= now; m = q.leases.first(stateLeased) {
		q.leases.pop()
		q.setState(m, stateInFlight)
		expired = append(expired, m)
	}
	if len(expired) == 0 {
		return
	}
	settlement := journal.Settlement{AtMs: now, DeadTo: q.deadLetterQueue()}
	for _, m := range expired {
		q.retryOrEnd(&settlement, q.consumer, m, m.DueMs)
	}
	if err := q.log.WriteSettlement(&settlement); err != nil {
		// They are ready all the same; after a restart their leases end again.
		q.broker.log.Error("the end of leases could not be noted in the journal", slog.String("queue", q.name), slog.Any("error", err))
	}
	q.applySettlement(&settlement, "")
	if len(settlement.Dead) > 0 {
		q.moveDeadAtMs = now // the timer moves them
	}
	q.compact()
}

// Settle acknowledges leased messages, asks for others to be delivered again, and
// returns how many of each there were. As in production, an ack counts even when its lease
// has run out meanwhile; a retry does not, because the message is ready anyway
// or leased by another consumer. What was not settled has a warning under its lease.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/#4-acknowledge-messages
func (q *Queue) Settle(acks []LeaseID, retries []LeaseRetry) (acked, retried int, warnings map[LeaseID]string, err error) {
	for _, r := range retries {
		if r.Delay != nil && (*r.Delay < 0 || *r.Delay > MaxDelay) {
			return 0, 0, nil, errDelayDuration(*r.Delay)
		}
	}
	s, warnings, err := q.settleLeases(acks, retries)
	if err != nil {
		return 0, 0, nil, err
	}
	if len(s.Dead) > 0 {
		_ = q.moveDead(false) // it logs its errors
	}
	return len(s.Removed), len(s.Retries) + len(s.Dropped) + len(s.Dead), warnings, nil
}

func (q *Queue) settleLeases(acks []LeaseID, retries []LeaseRetry) (journal.Settlement, map[LeaseID]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return journal.Settlement{}, nil, os.ErrClosed
	}
	now := q.broker.now()
	q.expireLeases(now)
	settlement := journal.Settlement{AtMs: now, DeadTo: q.deadLetterQueue()}
	warnings := map[LeaseID]string{}
	named := map[*message]bool{} // the first call on a message wins
	for _, id := range acks {
		m, _, warning := q.findLeased(id, named)
		if warning != "" {
			warnings[id] = warning
			continue
		}
		settlement.Removed = append(settlement.Removed, m)
	}
	for _, r := range retries {
		m, holds, warning := q.findLeased(r.Lease, named)
		if warning == "" && !holds {
			warning = warnLeaseOver
		}
		if warning != "" {
			warnings[r.Lease] = warning
			continue
		}
		q.retryOrEnd(&settlement, q.consumer, m, now+q.consumer.retryDelay(r.Delay).Milliseconds())
	}
	if err := q.log.WriteSettlement(&settlement); err != nil {
		return journal.Settlement{}, nil, err
	}
	q.applySettlement(&settlement, EventAcked)
	q.dispatch(now)
	q.compact()
	return settlement, warnings, nil
}

// findLeased finds the message of a lease, and reports whether the lease still holds.
func (q *Queue) findLeased(id LeaseID, named map[*message]bool) (m *message, holds bool, warning string) {
	seq, ok := id.seq()
	if !ok {
		return nil, false, warnNoLease
	}
	m = q.findBySeq(seq)
	if m == nil || !hasHadLease(m, id) || m.State == stateDying {
		return nil, false, warnGone
	}
	if named[m] {
		return nil, false, warnTwice
	}
	named[m] = true
	return m, m.State == stateLeased && leaseOf(m) == id, ""
}

// retryOrEnd adds a message to the retries of settlement, to be delivered again at due (Unix
// ms), or to its dead or dropped messages when it has had all its attempts. Without
// a consumer (c is nil) attempts have no limit.
func (q *Queue) retryOrEnd(settlement *journal.Settlement, c *Consumer, m *message, due int64) {
	if c == nil || int(m.Attempts) <= c.cfg.MaxRetries {
		settlement.Retries = append(settlement.Retries, journal.Retry{Message: m, DueMs: due})
		return
	}
	q.endFailed(settlement, m)
}

// retryDelay is the delay of a retry that asks for d, or for none. c may be nil.
func (c *Consumer) retryDelay(d *time.Duration) time.Duration {
	switch {
	case d != nil:
		return min(max(*d, 0), MaxDelay)
	case c != nil:
		return c.cfg.RetryDelay
	}
	return 0
}

func (q *Queue) deadLetterQueue() string {
	if q.consumer == nil {
		return ""
	}
	return q.consumer.cfg.DeadLetterQueue
}

// leaseKeyBytes is how much of a message's id is in its leases, so that a lease of a
// queue that was deleted and made again names nothing.
const leaseKeyBytes = 6

// leaseOf is the lease of a message as its attempts stand now.
func leaseOf(m *message) LeaseID {
	var b [8 + 2 + leaseKeyBytes]byte
	binary.BigEndian.PutUint64(b[:], m.Seq)
	binary.BigEndian.PutUint16(b[8:], m.Attempts)
	copy(b[10:], m.ID[:leaseKeyBytes])
	return LeaseID(hex.EncodeToString(b[:]))
}

func (id LeaseID) seq() (uint64, bool) {
	b, err := hex.DecodeString(string(id))
	if err != nil || len(b) != 8+2+leaseKeyBytes {
		return 0, false
	}
	return binary.BigEndian.Uint64(b), true
}

// hasHadLease reports whether the lease was one of this message's, now or earlier.
func hasHadLease(m *message, id LeaseID) bool {
	b, err := hex.DecodeString(string(id))
	return err == nil && [leaseKeyBytes]byte(b[10:]) == [leaseKeyBytes]byte(m.ID[:leaseKeyBytes]) && binary.BigEndian.Uint16(b[8:]) <= m.Attempts
}
