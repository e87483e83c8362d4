package queues

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"
)

// The journal of a queue is a list of records: one byte of kind, then
// unsigned varints and raw bytes. Messages are named by their sequence number.
const (
	recSend     = 'S' // messages until the end of the record
	recAttempt  = 'A' // seqs: a delivery has begun
	recUnreach  = 'U' // seqs: that delivery did not reach the Worker
	recSettle   = 'X' // what became of messages: removed, retried, dead
	recPurge    = 'P' // the seq up to which all is removed
	recSettings = 'C'
)

// overhead is about what a message takes in the journal beside its body.
const overhead = 48

// settings are a queue's own, kept in its journal.
type settings struct {
	created, modified int64 // Unix ms
	paused            bool
	delay             time.Duration
	retention         time.Duration
}

// retried is a message with the moment of its next delivery.
type retried struct {
	m   *message
	due int64
}

// settlement is what one batch, or one moment, does to messages.
type settlement struct {
	at      int64      // Unix ms
	gone    []*message // acknowledged, dropped or expired
	retries []retried
	dead    []*message // on their way to the dead letter queue
	deadTo  string
}

func (s *settlement) empty() bool { return len(s.gone)+len(s.retries)+len(s.dead) == 0 }

func (q *Queue) writeSend(batch []message) error {
	buf := append(q.buf[:0], recSend)
	for i := range batch {
		buf = appendMessage(buf, &batch[i])
	}
	return q.append(buf)
}

func appendMessage(buf []byte, m *message) []byte {
	buf = binary.AppendUvarint(buf, m.seq)
	buf = append(buf, m.id[:]...)
	buf = append(buf, byte(m.kind))
	buf = binary.AppendUvarint(buf, uint64(m.attempts))
	buf = binary.AppendUvarint(buf, uint64(m.sent))
	buf = binary.AppendUvarint(buf, uint64(max(m.due-m.sent, 0)))
	buf = binary.AppendUvarint(buf, uint64(m.lag))
	buf = binary.AppendUvarint(buf, uint64(len(m.body)))
	return append(buf, m.body...)
}

// writeSeqs writes a record that only names messages.
func (q *Queue) writeSeqs(rec byte, batch []*message) error {
	return q.append(appendSeqs(append(q.buf[:0], rec), batch))
}

func appendSeqs(buf []byte, batch []*message) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(batch)))
	for _, m := range batch {
		buf = binary.AppendUvarint(buf, m.seq)
	}
	return buf
}

func (q *Queue) writeSettlement(s *settlement) error {
	if s.empty() {
		return nil
	}
	return q.append(appendSettlement(q.buf[:0], s))
}

func appendSettlement(buf []byte, s *settlement) []byte {
	buf = binary.AppendUvarint(append(buf, recSettle), uint64(s.at))
	buf = appendSeqs(buf, s.gone)
	buf = binary.AppendUvarint(buf, uint64(len(s.retries)))
	for _, r := range s.retries {
		buf = binary.AppendUvarint(buf, r.m.seq)
		buf = binary.AppendUvarint(buf, uint64(r.due))
	}
	buf = appendSeqs(buf, s.dead)
	return append(buf, s.deadTo...)
}

func (q *Queue) writePurge() error {
	return q.append(binary.AppendUvarint(append(q.buf[:0], recPurge), q.nextSeq))
}

func (q *Queue) writeSettings() error { return q.append(q.appendSettings(q.buf[:0])) }

func (q *Queue) appendSettings(buf []byte) []byte {
	s := q.settings
	buf = append(buf, recSettings)
	paused := uint64(0)
	if s.paused {
		paused = 1
	}
	for _, v := range []uint64{q.nextSeq, uint64(q.b.now()), uint64(s.created), uint64(s.modified), paused, uint64(s.delay), uint64(s.retention)} {
		buf = binary.AppendUvarint(buf, v)
	}
	return buf
}

// append writes one record.
func (q *Queue) append(record []byte) error {
	if cap(record) <= 64<<10 {
		q.buf = record // keep the grown scratch, unless it is huge
	}
	if err := q.log.Append(record); err != nil {
		return fmt.Errorf("queue %s: %w", q.name, err)
	}
	return nil
}

// compact rewrites the journal once most of it is garbage.
func (q *Queue) compact() {
	live := q.bytes + int64(q.count)*overhead
	if q.log.Size()-live < max(minGarbage, live) {
		return
	}
	if err := q.log.Rewrite(q.emitLive); err != nil {
		q.b.log.Error("could not compact the journal of a queue", slog.String("queue", q.name), slog.Any("error", err))
	}
}

// emitLive writes the shortest journal that leads to the present state.
func (q *Queue) emitLive(emit func([]byte) error) error {
	if err := emit(q.appendSettings(nil)); err != nil {
		return err
	}
	const chunk = 64 << 10
	buf := []byte{recSend}
	for i := range q.all.len() {
		m := q.all.at(i)
		if m.state == stGone {
			continue
		}
		if buf = appendMessage(buf, m); len(buf) < chunk {
			continue
		}
		if err := emit(buf); err != nil {
			return err
		}
		buf = append(buf[:0], recSend)
	}
	if len(buf) > 1 {
		if err := emit(buf); err != nil {
			return err
		}
	}
	for _, d := range q.dead {
		s := settlement{at: q.b.now(), dead: []*message{d.m}, deadTo: d.to}
		if err := emit(appendSettlement(nil, &s)); err != nil {
			return err
		}
	}
	return nil
}

var errRecord = errors.New("unknown or damaged record")

// replay applies one record of the journal while it is opened.
func (q *Queue) replay(record []byte) error {
	if len(record) == 0 {
		return errRecord
	}
	d := decoder{b: record[1:]}
	switch record[0] {
	case recSend:
		q.replaySend(&d)
	case recAttempt:
		d.messages(q, func(m *message) { m.attempts++ })
	case recUnreach:
		d.messages(q, func(m *message) { m.attempts-- })
	case recSettle:
		q.replaySettle(&d)
	case recPurge:
		q.nextSeq = max(q.nextSeq, d.uint())
		q.clear()
	case recSettings:
		q.nextSeq = max(q.nextSeq, d.uint())
		q.seen = max(q.seen, int64(d.uint()))
		s := settings{created: int64(d.uint()), modified: int64(d.uint()), paused: d.uint() == 1}
		s.delay, s.retention = time.Duration(d.uint()), time.Duration(d.uint())
		q.settings = s
	default:
		return errRecord
	}
	if d.bad {
		return errRecord
	}
	return nil
}

func (q *Queue) replaySend(d *decoder) {
	for len(d.b) > 0 && !d.bad {
		m := &message{seq: d.uint(), state: stRunning}
		copy(m.id[:], d.bytes(uint64(len(m.id))))
		if k := d.bytes(1); len(k) == 1 {
			m.kind = kind(k[0]) % kind(len(kindNames))
		}
		m.attempts = uint16(d.uint())
		m.sent = int64(d.uint())
		m.due = m.sent + int64(d.uint())
		m.lag = uint32(d.uint())
		m.body = string(d.bytes(d.uint()))
		if d.bad {
			return
		}
		q.nextSeq = max(q.nextSeq, m.seq+1)
		q.seen = max(q.seen, m.sent)
		q.count++
		q.bytes += int64(len(m.body))
		q.all.push(m)
	}
}

func (q *Queue) replaySettle(d *decoder) {
	q.seen = max(q.seen, int64(d.uint()))
	d.messages(q, q.forget)
	for n := d.uint(); n > 0 && !d.bad; n-- {
		seq, due := d.uint(), int64(d.uint())
		if m := q.find(seq); m != nil {
			m.due = due
		}
	}
	var dead []*message
	d.messages(q, func(m *message) { dead = append(dead, m) })
	for _, m := range dead {
		m.state = stDead
		q.dead = append(q.dead, deadLetter{m, string(d.b)})
	}
}

// find looks a live message up by its seq. all is in the order of seq.
func (q *Queue) find(seq uint64) *message {
	n := q.all.len()
	i := sort.Search(n, func(i int) bool { return q.all.at(i).seq >= seq })
	if i == n || q.all.at(i).seq != seq || q.all.at(i).state == stGone {
		return nil
	}
	return q.all.at(i)
}

// restore builds the lists after replay. Messages that were being delivered
// are ready again, in the order in which they fell due. When the clock stands
// before the last moment in the journal, because it had been moved forward,
// all times move back with it: what was left of a delay then is left now.
func (q *Queue) restore(now int64) error {
	q.dead = slices.DeleteFunc(q.dead, func(d deadLetter) bool { return d.m.state != stDead })
	behind := max(q.seen-now, 0)
	waiting := make([]*message, 0, q.count)
	for i := range q.all.len() {
		m := q.all.at(i)
		if m.state == stGone {
			continue
		}
		m.sent -= behind
		m.due -= behind
		if m.state != stDead {
			waiting = append(waiting, m)
		}
	}
	slices.SortFunc(waiting, func(x, y *message) int {
		return cmp.Or(cmp.Compare(x.due, y.due), cmp.Compare(x.seq, y.seq))
	})
	for _, m := range waiting {
		q.place(m, now)
	}
	if behind > 0 {
		return q.log.Rewrite(q.emitLive)
	}
	return nil
}

// decoder reads a record; after an error it yields zeros and bad is set.
type decoder struct {
	b   []byte
	bad bool
}

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
