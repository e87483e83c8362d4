package queues

import (
	"cmp"
	"log/slog"
	"time"

	"flint/queues/journal"
)

// expiresAtMs is when a message has been in this queue for the retention period.
// https://developers.cloudflare.com/queues/platform/limits/
func (q *Queue) expiresAtMs(m *message) int64 {
	return m.SentMs + 1000*int64(m.LagSeconds) + q.retention().Milliseconds()
}

// retention is the queue's own period or else that of all queues.
func (q *Queue) retention() time.Duration { return cmp.Or(q.settings.Retention, q.broker.retention) }

// removeExpired deletes what has been in the queue for too long. A message that is
// being delivered is left until its batch is settled.
func (q *Queue) removeExpired(now int64) {
	if m := q.oldest(); m == nil || q.expiresAtMs(m) > now || q.closed {
		return
	}
	settlement := journal.Settlement{AtMs: now}
	for i := range q.byArrival.len() {
		m := q.byArrival.at(i)
		if m.State != stateGone && q.expiresAtMs(m) > now {
			break
		}
		if m.State == stateReady || m.State == stateDelayed {
			settlement.Removed = append(settlement.Removed, m)
		}
	}
	if err := q.log.WriteSettlement(&settlement); err != nil {
		q.broker.log.Error("expired messages could not be deleted", slog.String("queue", q.name), slog.Any("error", err))
		return
	}
	if len(settlement.Removed) > 0 {
		q.broker.log.Warn("messages expired", slog.String("queue", q.name), slog.Int("messages", len(settlement.Removed)))
	}
	q.applySettlement(&settlement, EventExpired)
	q.compact()
}
