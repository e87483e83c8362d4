package queues

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"slices"

	"flint/queues/journal"
)

// deadLetter is a message on its way to another queue: after its last attempt
// or, with redrive, back from the dead letter queue.
// https://developers.cloudflare.com/queues/configuration/dead-letter-queues/
type deadLetter struct {
	m       *message
	to      string
	redrive bool
	moving  bool // somebody moves it at this moment
}

// letter is a dead letter as its new queue gets it.
type letter struct {
	message
	body []byte
	from string // empty for a redriven one
}

// moveDead hands dead letters to their queues. The journal of this queue has
// them marked, so that a crash at any point neither loses nor redelivers one:
// after it, recovered is set and what has already arrived is not sent again.
//
// What cannot be moved is in the log, and tried again later.
func (q *Queue) moveDead(recovered bool) error {
	var errs []error
	for to, group := range q.dying() {
		for chunk := range slices.Chunk(group, moveChunk) {
			errs = append(errs, q.handOver(to, chunk, recovered))
		}
	}
	return errors.Join(errs...)
}

// dying takes the dead letters that nobody moves yet, by their queues and in
// the order of arrival.
func (q *Queue) dying() map[string][]*deadLetter {
	q.mu.Lock()
	defer q.mu.Unlock()
	groups := map[string][]*deadLetter{}
	for _, d := range q.dead {
		if !d.moving {
			d.moving = true
			groups[d.to] = append(groups[d.to], d)
		}
	}
	for _, group := range groups {
		slices.SortFunc(group, func(x, y *deadLetter) int { return cmp.Compare(x.m.Seq, y.m.Seq) })
	}
	return groups
}

func (q *Queue) handOver(to string, group []*deadLetter, recovered bool) error {
	letters, err := q.letters(group)
	var target *Queue
	var arrived []*message
	if err == nil {
		target, err = q.b.Queue(to)
	}
	if err == nil {
		arrived, err = target.accept(letters, recovered)
	}
	err = q.handedOver(to, group, err)
	if len(arrived) > 0 {
		target.release(arrived)
	}
	return err
}

// handedOver removes here what has arrived there.
func (q *Queue) handedOver(to string, group []*deadLetter, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.b.now()
	s := journal.Settlement{AtMs: now}
	for _, d := range group {
		d.moving = false
		s.Removed = append(s.Removed, d.m)
	}
	if err == nil {
		err = q.log.WriteSettlement(&s)
		q.apply(&s, "")
		q.compact()
	} else {
		q.deadAt = now + maxBackoff.Milliseconds()
		q.arm(now)
	}
	if err != nil && !q.closed { // a closing broker moves them after its next Start
		q.b.log.Error("dead letters could not be moved", slog.String("queue", q.name),
			slog.String("dead_letter_queue", to), slog.Int("messages", len(group)), slog.Any("error", err))
	}
	return err
}

// letters are the dead letters that were not purged meanwhile.
func (q *Queue) letters(group []*deadLetter) ([]letter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]letter, 0, len(group))
	var batch []*message
	for _, d := range group {
		if d.m.State != stDead {
			continue
		}
		l := letter{message: *d.m, from: q.name}
		if d.redrive {
			l.from = ""
		}
		out, batch = append(out, l), append(batch, d.m)
	}
	return out, q.log.ReadBodies(batch, func(i int, body []byte) error {
		out[i].body = body
		return nil
	})
}

// accept takes dead letters of another queue: the same id, time and body, no
// attempts yet, and the full retention from now. None is delivered before
// release: until the other queue has forgotten them, a crash would find them
// there, and only what is still here is known to have arrived.
func (q *Queue) accept(letters []letter, recovered bool) ([]*message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, os.ErrClosed
	}
	if recovered {
		letters = q.missing(letters)
	}
	if len(letters) == 0 {
		return nil, nil
	}
	now := q.b.now()
	batch := make([]*message, len(letters))
	for i := range letters {
		l := &letters[i]
		batch[i] = &message{
			ID: l.ID, SentMs: l.SentMs, BodyBytes: l.BodyBytes, ContentType: l.ContentType, Seq: q.nextSeq + uint64(i), DueMs: now,
			LagSeconds: uint32(max(now-l.SentMs, 0) / 1000), Origin: q.originNumber(l.from),
		}
	}
	if err := q.log.WriteLetters(letters[0].from, batch, func(i int) []byte { return letters[i].body }); err != nil {
		return nil, err
	}
	q.nextSeq += uint64(len(letters))
	views := make([]Message, len(batch))
	for i, m := range batch {
		q.enroll(m)
		views[i] = viewOf(m, letters[i].body)
	}
	q.b.tellBatch(EventSent, q, batch, views)
	return batch, nil
}

// release lets what accept took be delivered.
func (q *Queue) release(batch []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.b.now()
	for _, m := range batch {
		if m.State == stRunning { // else it was purged meanwhile
			q.place(m, now)
		}
	}
	q.pump(now)
}

// missing are the letters that the queue does not hold.
func (q *Queue) missing(letters []letter) []letter {
	ids := make(map[[16]byte]bool, len(letters))
	for i := range letters {
		ids[letters[i].ID] = true
	}
	for i := range q.all.len() {
		if m := q.all.at(i); m.State != stGone {
			delete(ids, m.ID)
		}
	}
	return slices.DeleteFunc(letters, func(l letter) bool { return !ids[l.ID] })
}
