package queues

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"flint/queues/journal"
)

// replay applies the records of a journal to its queue while it is opened. It
// implements journal.Replayer.
//
// Messages whose delivery had begun count as in flight until restore, which makes
// them ready or delayed.
type replay struct{ *Queue }

func (q replay) Message(m *message, origin string) bool {
	m.Origin = q.originIndex(origin)
	// Messages stand in the order of their numbers: find relies on it.
	if m.Seq < q.nextSeq && q.byArrival.len() > 0 && m.Seq <= q.byArrival.at(q.byArrival.len()-1).Seq {
		return false
	}
	q.nextSeq = max(q.nextSeq, m.Seq+1)
	q.latestMs = max(q.latestMs, m.SentMs)
	q.addToBacklog(m)
	return true
}

func (q replay) AddAttempts(seq uint64, by int) {
	if m := q.findBySeq(seq); m != nil {
		m.Attempts = uint16(int(m.Attempts) + by)
	}
}

func (q replay) Attempts(seq uint64, attempts uint16) {
	if m := q.findBySeq(seq); m != nil {
		delete(q.dying, m)
		m.Attempts = attempts
		q.setState(m, stateInFlight)
	}
}

func (q replay) Leased(seq uint64, attempts uint16, untilMs int64) {
	if m := q.findBySeq(seq); m != nil {
		delete(q.dying, m)
		m.Attempts, m.DueMs = attempts, untilMs
		q.setState(m, stateLeased)
	}
}

func (q replay) Removed(seq uint64) {
	if m := q.findBySeq(seq); m != nil {
		delete(q.dying, m)
		q.removeFromBacklog(m)
	}
}

func (q replay) Retried(seq uint64, dueMs int64) {
	if m := q.findBySeq(seq); m != nil {
		delete(q.dying, m)
		q.setState(m, stateInFlight)
		m.DueMs = dueMs
	}
}

func (q replay) Dead(seq uint64, to string, redrive bool) {
	if m := q.findBySeq(seq); m != nil {
		q.setState(m, stateDying)
		q.dying[m] = &deadLetter{message: m, to: to, redrive: redrive}
	}
}

func (q replay) Purged()                     { q.removeAll() }
func (q replay) Settings(s journal.Settings) { q.settings = s }
func (q replay) Reached(ms int64)            { q.latestMs = max(q.latestMs, ms) }
func (q replay) Numbered(next uint64)        { q.nextSeq = max(q.nextSeq, next) }

func (q replay) Consumer(text []byte) error {
	q.savedConsumer = nil
	if len(text) == 0 {
		return nil
	}
	var kept ConsumerConfig
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("consumer of the queue: %w", err)
	}
	q.savedConsumer = &kept
	return nil
}

// restore builds the lists after replay. Messages that were being delivered
// are ready again, in the order in which they fell due; leases go on. When the
// clock stands before the last moment in the journal, because it had been moved
// forward, all times move back with it: what was left of a delay then is left now.
func (q *Queue) restore(now int64) error {
	behind := max(q.latestMs-now, 0)
	waiting := make([]*message, 0, q.backlogCount)
	for i := range q.byArrival.len() {
		m := q.byArrival.at(i)
		if m.State == stateGone {
			continue
		}
		m.SentMs -= behind
		m.DueMs -= behind
		switch m.State {
		case stateLeased:
			q.addLease(m)
		case stateDying:
		default:
			waiting = append(waiting, m)
		}
	}
	slices.SortFunc(waiting, func(x, y *message) int {
		return cmp.Or(cmp.Compare(x.DueMs, y.DueMs), cmp.Compare(x.Seq, y.Seq))
	})
	for _, m := range waiting {
		q.enqueue(m, now)
	}
	if behind > 0 {
		return q.rewrite()
	}
	return nil
}
