package queues

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

var errRecord = errors.New("unknown or damaged record; was it written by a newer flint?")

// replay applies one record of the journal while it is opened.
func (q *Queue) replay(record []byte, at int64) error {
	if len(record) == 0 {
		return errRecord
	}
	d := decoder{b: record[1:], record: record, at: at}
	switch record[0] {
	case recSend:
		q.replayMessages(&d, 0)
	case recLetters:
		q.replayMessages(&d, q.originNumber(string(d.bytes(d.uint()))))
	case recAttempt:
		d.messages(q, func(m *message) { m.Attempts++ })
	case recUnreach:
		d.messages(q, func(m *message) { m.Attempts-- })
	case recAttempts:
		q.replayAttempts(&d, func(m *message) { q.set(m, stRunning) })
	case recLease:
		until := int64(d.uint())
		q.replayAttempts(&d, func(m *message) {
			q.set(m, stLeased)
			m.DueMs = until
		})
	case recSettle, recRedrive:
		q.replaySettle(&d, record[0] == recRedrive)
	case recPurge:
		q.nextSeq = max(q.nextSeq, d.uint())
		q.clear()
	case recSettings:
		q.replaySettings(&d)
	case recConsumer:
		return q.replayConsumer(d.b)
	default:
		return errRecord
	}
	if d.bad {
		return errRecord
	}
	return nil
}

func (q *Queue) replaySettings(d *decoder) {
	q.nextSeq = max(q.nextSeq, d.uint())
	q.seen = max(q.seen, int64(d.uint()))
	s := settings{CreatedMs: int64(d.uint()), ModifiedMs: int64(d.uint()), Paused: d.uint() == 1}
	s.DeliveryDelay, s.Retention = time.Duration(d.uint()), time.Duration(d.uint())
	q.settings = s
}

func (q *Queue) replayConsumer(text []byte) error {
	q.kept = nil
	if len(text) == 0 {
		return nil
	}
	var kept ConsumerConfig
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("consumer of the queue: %w", err)
	}
	q.kept = &kept
	return nil
}

func (q *Queue) replayMessages(d *decoder, origin uint16) {
	for len(d.b) > 0 && !d.bad {
		m := &message{Seq: d.uint(), Origin: origin}
		copy(m.ID[:], d.bytes(uint64(len(m.ID))))
		if k := d.bytes(1); len(k) == 1 {
			m.ContentType = kind(k[0]) % kind(len(kindNames))
		}
		m.Attempts = uint16(d.uint())
		m.SentMs = int64(d.uint())
		m.DueMs = m.SentMs + int64(d.uint())
		m.LagSeconds = uint32(d.uint())
		size := d.uint()
		m.BodyAt, m.BodyBytes = d.place(), uint32(size)
		d.bytes(size)
		// Messages stand in the order of their numbers: find relies on it.
		if d.bad || m.Seq < q.nextSeq && q.all.len() > 0 && m.Seq <= q.all.at(q.all.len()-1).Seq {
			d.bad = true
			return
		}
		q.nextSeq = max(q.nextSeq, m.Seq+1)
		q.seen = max(q.seen, m.SentMs)
		q.enroll(m)
	}
}

func (q *Queue) replayAttempts(d *decoder, f func(*message)) {
	for n := d.uint(); n > 0 && !d.bad; n-- {
		seq, attempts := d.uint(), d.uint()
		if m := q.find(seq); m != nil {
			delete(q.dead, m)
			m.Attempts = uint16(attempts)
			f(m)
		}
	}
}

func (q *Queue) replaySettle(d *decoder, redrive bool) {
	q.seen = max(q.seen, int64(d.uint()))
	d.messages(q, func(m *message) {
		delete(q.dead, m)
		q.forget(m)
	})
	for n := d.uint(); n > 0 && !d.bad; n-- {
		seq, due := d.uint(), int64(d.uint())
		if m := q.find(seq); m != nil {
			delete(q.dead, m)
			q.set(m, stRunning)
			m.DueMs = due
		}
	}
	var dead []*message
	d.messages(q, func(m *message) { dead = append(dead, m) })
	for _, m := range dead {
		q.set(m, stDead)
		q.dead[m] = &deadLetter{m: m, to: string(d.b), redrive: redrive}
	}
}

// restore builds the lists after replay. Messages that were being delivered
// are ready again, in the order in which they fell due; leases go on. When the
// clock stands before the last moment in the journal, because it had been moved
// forward, all times move back with it: what was left of a delay then is left now.
func (q *Queue) restore(now int64) error {
	behind := max(q.seen-now, 0)
	waiting := make([]*message, 0, q.count)
	for i := range q.all.len() {
		m := q.all.at(i)
		if m.State == stGone {
			continue
		}
		m.SentMs -= behind
		m.DueMs -= behind
		switch m.State {
		case stLeased:
			q.holdLease(m)
		case stDead:
		default:
			waiting = append(waiting, m)
		}
	}
	slices.SortFunc(waiting, func(x, y *message) int {
		return cmp.Or(cmp.Compare(x.DueMs, y.DueMs), cmp.Compare(x.Seq, y.Seq))
	})
	for _, m := range waiting {
		q.place(m, now)
	}
	if behind > 0 {
		return q.rewrite()
	}
	return nil
}

// decoder reads a record; after an error it yields zeros and bad is set.
type decoder struct {
	b      []byte // what is left
	record []byte
	at     int64 // of the record in the journal
	bad    bool
}

// place is where in the journal the decoder stands.
func (d *decoder) place() int64 { return d.at + int64(len(d.record)-len(d.b)) }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

// messages calls f for each live message of a list of seqs.
func (d *decoder) messages(q *Queue, f func(*message)) {
	for n := d.uint(); n > 0 && !d.bad; n-- {
		if m := q.find(d.uint()); m != nil {
			f(m)
		}
	}
}
