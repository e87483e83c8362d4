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
	message  *message
	to       string
	redrive  bool
	isMoving bool // a call of moveDead is moving it
}

// arrivingMessage is a dead letter as its new queue gets it.
type arrivingMessage struct {
	message
	body   []byte
	origin string // empty for a redriven one
}

// moveDead hands dead letters to their queues. The journal of this queue has
// them marked, so that a crash at any point neither loses nor redelivers one:
// after it, recovered is set and what has already arrived is not sent again.
//
// What cannot be moved is logged, and tried again later.
func (q *Queue) moveDead(recovered bool) error {
	var errs []error
	for to, group := range q.takeDying() {
		for chunk := range slices.Chunk(group, moveChunkMessages) {
			errs = append(errs, q.moveTo(to, chunk, recovered))
		}
	}
	return errors.Join(errs...)
}

// takeDying marks the dead letters that are not being moved yet as moving, and
// returns them by their target queue, in the order of arrival.
func (q *Queue) takeDying() map[string][]*deadLetter {
	q.mu.Lock()
	defer q.mu.Unlock()
	groups := map[string][]*deadLetter{}
	for _, d := range q.dying {
		if !d.isMoving {
			d.isMoving = true
			groups[d.to] = append(groups[d.to], d)
		}
	}
	for _, group := range groups {
		slices.SortFunc(group, func(x, y *deadLetter) int { return cmp.Compare(x.message.Seq, y.message.Seq) })
	}
	return groups
}

func (q *Queue) moveTo(to string, group []*deadLetter, recovered bool) error {
	letters, err := q.readDeadLetters(group)
	var target *Queue
	var arrived []*message
	if err == nil {
		target, err = q.broker.Queue(to)
	}
	if err == nil {
		arrived, err = target.accept(letters, recovered)
	}
	err = q.finishMove(to, group, err)
	if len(arrived) > 0 {
		target.makeDeliverable(arrived)
	}
	return err
}

// finishMove removes from this queue what has arrived in the other one, or, after
// an error, sets the time of the next attempt.
func (q *Queue) finishMove(to string, group []*deadLetter, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.broker.now()
	settlement := journal.Settlement{AtMs: now}
	for _, d := range group {
		d.isMoving = false
		settlement.Removed = append(settlement.Removed, d.message)
	}
	if err == nil {
		err = q.log.WriteSettlement(&settlement)
		q.applySettlement(&settlement, "")
		q.compact()
	} else {
		q.moveDeadAtMs = now + maxBackoff.Milliseconds()
		q.setTimer(now)
	}
	if err != nil && !q.closed { // a closing broker moves them after its next Start
		q.broker.log.Error("dead letters could not be moved", slog.String("queue", q.name),
			slog.String("dead_letter_queue", to), slog.Int("messages", len(group)), slog.Any("error", err))
	}
	return err
}

// readDeadLetters are the dead letters that were not purged meanwhile.
func (q *Queue) readDeadLetters(group []*deadLetter) ([]arrivingMessage, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]arrivingMessage, 0, len(group))
	var batch []*message
	for _, d := range group {
		if d.message.State != stateDying {
			continue
		}
		l := arrivingMessage{message: *d.message, origin: q.name}
		if d.redrive {
			l.origin = ""
		}
		out, batch = append(out, l), append(batch, d.message)
	}
	return out, q.log.ReadBodies(batch, func(i int, body []byte) error {
		out[i].body = body
		return nil
	})
}

// accept takes dead letters of another queue: the same id, time and body, no
// attempts yet, and the full retention from now. None is delivered before
// makeDeliverable: until the other queue has removed them, a crash leaves them in
// both, and only what is still held here is known to have arrived.
func (q *Queue) accept(letters []arrivingMessage, recovered bool) ([]*message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, os.ErrClosed
	}
	if recovered {
		letters = q.notHeld(letters)
	}
	if len(letters) == 0 {
		return nil, nil
	}
	now := q.broker.now()
	batch := make([]*message, len(letters))
	for i := range letters {
		l := &letters[i]
		batch[i] = &message{
			ID: l.ID, SentMs: l.SentMs, BodyBytes: l.BodyBytes, ContentType: l.ContentType, Seq: q.nextSeq + uint64(i), DueMs: now,
			LagSeconds: uint32(max(now-l.SentMs, 0) / 1000), Origin: q.originIndex(l.origin),
		}
	}
	if err := q.log.WriteLetters(letters[0].origin, batch, func(i int) []byte { return letters[i].body }); err != nil {
		return nil, err
	}
	q.nextSeq += uint64(len(letters))
	views := make([]Message, len(batch))
	for i, m := range batch {
		q.addToBacklog(m)
		views[i] = viewOf(m, letters[i].body)
	}
	q.broker.notifyBatch(EventSent, q, batch, views)
	return batch, nil
}

// makeDeliverable ends the wait of messages that accept has added.
func (q *Queue) makeDeliverable(batch []*message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.broker.now()
	for _, m := range batch {
		if m.State == stateInFlight { // else it was purged meanwhile
			q.enqueue(m, now)
		}
	}
	q.dispatch(now)
}

// notHeld are those of letters that the queue does not hold.
func (q *Queue) notHeld(letters []arrivingMessage) []arrivingMessage {
	ids := make(map[[16]byte]bool, len(letters))
	for i := range letters {
		ids[letters[i].ID] = true
	}
	for i := range q.byArrival.len() {
		if m := q.byArrival.at(i); m.State != stateGone {
			delete(ids, m.ID)
		}
	}
	return slices.DeleteFunc(letters, func(l arrivingMessage) bool { return !ids[l.ID] })
}
