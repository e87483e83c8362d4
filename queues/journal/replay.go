package journal

import (
	"encoding/binary"
	"errors"
	"time"
)

var errRecord = errors.New("unknown or damaged record; was it written by a newer flint?")

// Replayer takes what the records of a journal say, in the order in which they
// were written, while the journal is opened. A message that it does not hold any
// more is to be ignored.
type Replayer interface {
	// Message adds a message; origin is the queue that a dead letter comes from,
	// else empty. It reports whether the message stands in the order of its number.
	Message(m *Message, origin string) bool
	// Attempts says how many deliveries of a message have begun; none is known to
	// have ended.
	Attempts(seq uint64, attempts uint16)
	// AddAttempts changes the number of deliveries of a message.
	AddAttempts(seq uint64, by int)
	// Leased says until when a message is leased, in Unix ms.
	Leased(seq uint64, attempts uint16, untilMs int64)
	// Removed takes a message away.
	Removed(seq uint64)
	// Retried says when a message is delivered again, in Unix ms.
	Retried(seq uint64, dueMs int64)
	// Dead puts a message on its way to the queue to.
	Dead(seq uint64, to string, redrive bool)
	// Purged takes all messages away.
	Purged()
	// Settings replaces the settings.
	Settings(s Settings)
	// Consumer replaces the consumer that is kept; empty for none.
	Consumer(text []byte) error
	// Reached says that the clock stood at this moment, in Unix ms, or later.
	Reached(ms int64)
	// Numbered says that the next message has this number, or a higher one.
	Numbered(next uint64)
}

// replay passes one record of a journal on.
func replay(r Replayer, record []byte, at int64) error {
	if len(record) == 0 {
		return errRecord
	}
	d := decoder{b: record[1:], record: record, at: at}
	switch record[0] {
	case recSend:
		d.replayMessages(r, "")
	case recLetters:
		d.replayMessages(r, string(d.bytes(d.uint())))
	case recAttempt:
		d.seqs(func(seq uint64) { r.AddAttempts(seq, 1) })
	case recUnreach:
		d.seqs(func(seq uint64) { r.AddAttempts(seq, -1) })
	case recAttempts:
		d.attempts(r.Attempts)
	case recLease:
		until := int64(d.uint())
		d.attempts(func(seq uint64, attempts uint16) { r.Leased(seq, attempts, until) })
	case recSettle, recRedrive:
		d.replaySettle(r, record[0] == recRedrive)
	case recPurge:
		r.Numbered(d.uint())
		r.Purged()
	case recSettings:
		d.replaySettings(r)
	case recConsumer:
		return r.Consumer(d.b)
	default:
		return errRecord
	}
	if d.bad {
		return errRecord
	}
	return nil
}

func (d *decoder) replaySettings(r Replayer) {
	r.Numbered(d.uint())
	r.Reached(int64(d.uint()))
	s := Settings{CreatedMs: int64(d.uint()), ModifiedMs: int64(d.uint()), Paused: d.uint() == 1}
	s.DeliveryDelay, s.Retention = time.Duration(d.uint()), time.Duration(d.uint())
	r.Settings(s)
}

func (d *decoder) replayMessages(r Replayer, origin string) {
	for len(d.b) > 0 && !d.bad {
		m := &Message{Seq: d.uint()}
		copy(m.ID[:], d.bytes(uint64(len(m.ID))))
		if k := d.bytes(1); len(k) == 1 {
			m.ContentType = ContentType(k[0]) % ContentType(len(contentTypes))
		}
		m.Attempts = uint16(d.uint())
		m.SentMs = int64(d.uint())
		m.DueMs = m.SentMs + int64(d.uint())
		m.LagSeconds = uint32(d.uint())
		size := d.uint()
		m.BodyAt, m.BodyBytes = d.place(), uint32(size)
		d.bytes(size)
		if d.bad || !r.Message(m, origin) {
			d.bad = true
			return
		}
	}
}

func (d *decoder) replaySettle(r Replayer, redrive bool) {
	r.Reached(int64(d.uint()))
	d.seqs(r.Removed)
	for n := d.uint(); n > 0 && !d.bad; n-- {
		seq, due := d.uint(), int64(d.uint())
		r.Retried(seq, due)
	}
	var dead []uint64
	d.seqs(func(seq uint64) { dead = append(dead, seq) })
	to := string(d.b)
	for _, seq := range dead {
		r.Dead(seq, to, redrive)
	}
}

// decoder reads a record; after an error it yields zeros and bad is set.
type decoder struct {
	b      []byte // what is left
	record []byte
	at     int64 // of the record in the journal
	bad    bool
}

// place is the decoder's position in the journal.
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

// seqs calls f for each number of a list.
func (d *decoder) seqs(f func(seq uint64)) {
	for n := d.uint(); n > 0 && !d.bad; n-- {
		f(d.uint())
	}
}

// attempts calls f for each number of a list with its attempts.
func (d *decoder) attempts(f func(seq uint64, attempts uint16)) {
	for n := d.uint(); n > 0 && !d.bad; n-- {
		seq, attempts := d.uint(), d.uint()
		f(seq, uint16(attempts))
	}
}
