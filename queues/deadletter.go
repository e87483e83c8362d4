package queues

import (
	"log/slog"
	"os"
	"slices"
)

// deadLetter is a message on its way to another queue.
// https://developers.cloudflare.com/queues/configuration/dead-letter-queues/
type deadLetter struct {
	m  *message
	to string
}

// moveDead hands dead letters to their queues. The journal of this queue has
// them marked, so that a crash at any point neither loses nor redelivers one:
// after it, recovered is set and what has already arrived is not sent again.
func (q *Queue) moveDead(recovered bool) {
	q.mu.Lock()
	dead := q.dead
	q.dead = nil
	q.mu.Unlock()
	groups := map[string][]deadLetter{}
	for _, d := range dead {
		groups[d.to] = append(groups[d.to], d)
	}
	for to, group := range groups {
		q.handOver(to, group, recovered)
	}
}

func (q *Queue) handOver(to string, group []deadLetter, recovered bool) {
	target, err := q.b.Queue(to)
	if err == nil {
		err = target.accept(q.copies(group), recovered)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.b.now()
	if err == nil {
		s := settlement{at: now}
		for _, d := range group {
			s.gone = append(s.gone, d.m)
		}
		err = q.writeSettlement(&s)
		q.apply(&s)
		q.compact()
	} else {
		q.dead = append(q.dead, group...)
		q.deadAt = now + maxBackoff.Milliseconds()
		q.arm(now)
	}
	if err != nil && !q.closed { // a closing broker moves them after its next Start
		q.b.log.Error("dead letters could not be moved", slog.String("queue", q.name),
			slog.String("dead_letter_queue", to), slog.Int("messages", len(group)), slog.Any("error", err))
	}
}

// copies are the dead letters that were not purged meanwhile.
func (q *Queue) copies(group []deadLetter) []message {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]message, 0, len(group))
	for _, d := range group {
		if d.m.state == stDead {
			out = append(out, *d.m)
		}
	}
	return out
}

// accept takes dead letters of another queue: the same id, time and body, no
// attempts yet, and the full retention from now.
func (q *Queue) accept(letters []message, recovered bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	if recovered {
		letters = slices.DeleteFunc(letters, func(m message) bool { return q.holds(m.id) })
	}
	if len(letters) == 0 {
		return nil
	}
	now := q.b.now()
	for i := range letters {
		m := &letters[i]
		m.seq, m.attempts, m.due = q.nextSeq+uint64(i), 0, now
		m.lag = uint32(max(now-m.sent, 0) / 1000)
	}
	if err := q.writeSend(letters); err != nil {
		return err
	}
	q.nextSeq += uint64(len(letters))
	for i := range letters {
		q.add(&letters[i], now)
	}
	q.pump(now)
	return nil
}

func (q *Queue) holds(id [16]byte) bool {
	for i := range q.all.len() {
		if m := q.all.at(i); m.state != stGone && m.id == id {
			return true
		}
	}
	return false
}
