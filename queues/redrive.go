package queues

import (
	"context"
	"errors"
	"os"

	"flint/queues/journal"
)

// RedriveOptions choose what Redrive moves.
type RedriveOptions struct {
	To    string // the queue that gets the messages; empty = each goes back to where it came from
	From  string // only dead letters of this queue; empty = of all, and with To all messages
	Limit int    // at most so many messages; 0 = all
}

// Redrive sends messages of a dead letter queue back, oldest first, and
// returns how many: they keep their ids, times and bodies, have no attempts
// yet and are ready at once. It moves what waits now, ready or delayed, each
// once: one that dies again meanwhile stays. A message whose origin is not
// known (it was sent here) moves only with To.
//
// The journal has them marked before they move, so that a crash neither loses
// nor doubles one.
func (q *Queue) Redrive(ctx context.Context, o RedriveOptions) (int, error) {
	if err := q.checkRedrive(o); err != nil {
		return 0, err
	}
	moved, total := 0, q.countRedrivable(o)
	if o.Limit > 0 {
		total = min(total, o.Limit)
	}
	for moved < total {
		n, err := q.markRedrive(o, min(redriveChunkMessages, total-moved))
		err = errors.Join(err, q.moveDead(false), ctx.Err())
		moved += n
		if err != nil || n == 0 {
			return moved, err
		}
	}
	return moved, nil
}

// countRedrivable is how many messages o means, but for its limit.
func (q *Queue) countRedrivable(o RedriveOptions) (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.byArrival.len() {
		if q.redriveTarget(o, q.byArrival.at(i)) != "" {
			n++
		}
	}
	return n
}

// markRedrive notes in the journal where up to limit messages are to go.
func (q *Queue) markRedrive(o RedriveOptions, limit int) (marked int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, os.ErrClosed
	}
	now := q.broker.now()
	q.catchUp(now)
	for to, batch := range q.redrivable(o, limit) {
		settlement := journal.Settlement{AtMs: now, Dead: batch, DeadTo: to, Redrive: true}
		if err := q.log.WriteSettlement(&settlement); err != nil {
			return marked, err
		}
		q.applySettlement(&settlement, "")
		marked += len(batch)
	}
	return marked, nil
}

func (q *Queue) checkRedrive(o RedriveOptions) error {
	if o.To == q.name {
		return errRedriveSelf(q.name)
	}
	if o.To != "" {
		if _, ok := q.broker.byName(o.To); !ok {
			return errNoQueue(o.To)
		}
	}
	return nil
}

// redrivable groups the first messages that o means by the queue they go to.
func (q *Queue) redrivable(o RedriveOptions, limit int) map[string][]*message {
	groups := map[string][]*message{}
	for i := 0; i < q.byArrival.len() && limit > 0; i++ {
		m := q.byArrival.at(i)
		if to := q.redriveTarget(o, m); to != "" {
			groups[to] = append(groups[to], m)
			limit--
		}
	}
	return groups
}

// redriveTarget is the queue that m goes to; "" = it stays.
func (q *Queue) redriveTarget(o RedriveOptions, m *message) string {
	origin := q.origin(m)
	switch {
	case m.State != stateReady && m.State != stateDelayed, o.From != "" && o.From != origin:
		return ""
	case o.To != "":
		return o.To // not this one: see checkRedrive
	case origin == q.name:
		return ""
	}
	return origin
}
