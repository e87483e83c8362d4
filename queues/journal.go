package queues

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"flint/internal/wal"
)

// The journal of a queue is a list of records: one byte of kind, then
// unsigned varints and raw bytes. Messages are named by their sequence number.
// All but the first two kinds may be read a second time, on top of what came
// after them, and change nothing: a compaction needs that.
const (
	recAttempt  = 'A' // seqs: a delivery has begun. No longer written
	recUnreach  = 'U' // seqs: that delivery did not reach the Worker. No longer written
	recSend     = 'S' // messages until the end of the record
	recLetters  = 'T' // name of the queue that they come from, then as recSend
	recAttempts = 'B' // seqs with their attempts: they are in a batch, or back from one
	recLease    = 'L' // a moment, then as recAttempts: they are leased until then
	recSettle   = 'X' // what became of messages: removed, retried, dead
	recRedrive  = 'V' // as recSettle, of messages that go back from a dead letter queue
	recPurge    = 'P' // the seq up to which all is removed
	recSettings = 'C'
	recConsumer = 'H' // the consumer that is kept, as JSON; nothing = none
)

// overhead is about what a message takes in the journal beside its body.
const overhead = 48

// settings are a queue's own, kept in its journal.
type settings struct {
	CreatedMs, ModifiedMs int64 // Unix ms
	Paused                bool
	DeliveryDelay         time.Duration
	Retention             time.Duration // 0 = the broker's
}

// retried is a message with the moment of its next delivery.
type retried struct {
	Message *message
	DueMs   int64
}

// settlement is what one batch, or one moment, does to messages.
type settlement struct {
	AtMs    int64      // Unix ms
	Removed []*message // acknowledged, expired or deleted
	Dropped []*message // gone too: failed on every attempt
	Retries []retried
	Dead    []*message // on their way to the dead letter queue
	DeadTo  string
	Redrive bool      // the dead go back to where they came from
	goneAs  EventKind // what the watchers hear of gone; empty = nothing
}

func (s *settlement) empty() bool {
	return len(s.Removed)+len(s.Dropped)+len(s.Retries)+len(s.Dead) == 0
}

// writeSends writes one record for each sender, in one call, and notes where
// the bodies are.
func (q *Queue) writeSends(jobs []*sendJob) error {
	if len(jobs) == 0 {
		return nil
	}
	buf := q.buf[:0]
	ends := make([]int, len(jobs))
	for k, job := range jobs {
		start := len(buf)
		buf = append(buf, recSend)
		for i, m := range job.batch {
			buf = appendMessage(buf, start, m, job.out[i].Body)
		}
		ends[k] = len(buf)
	}
	records := make([][]byte, len(jobs))
	start := 0
	for k, end := range ends {
		records[k], start = buf[start:end], end
	}
	at, err := q.append(buf, records...)
	if err != nil {
		return err
	}
	for k, job := range jobs {
		for _, m := range job.batch {
			m.BodyAt += at
		}
		at += int64(len(records[k])) + wal.HeaderSize
	}
	return nil
}

// writeLetters writes messages that come from one other queue; redriven ones
// have no origin.
func (q *Queue) writeLetters(batch []*message, letters []letter) error {
	buf := appendOrigin(q.buf[:0], letters[0].from)
	for i, m := range batch {
		buf = appendMessage(buf, 0, m, letters[i].body)
	}
	at, err := q.append(buf, buf)
	for _, m := range batch {
		m.BodyAt += at
	}
	return err
}

// appendMessage adds a message to a record that begins at start, and notes
// where in the record its body is.
func appendMessage(buf []byte, start int, m *message, body []byte) []byte {
	buf = binary.AppendUvarint(buf, m.Seq)
	buf = append(buf, m.ID[:]...)
	buf = append(buf, byte(m.ContentType))
	buf = binary.AppendUvarint(buf, uint64(m.Attempts))
	buf = binary.AppendUvarint(buf, uint64(m.SentMs))
	buf = binary.AppendUvarint(buf, uint64(max(m.DueMs-m.SentMs, 0)))
	buf = binary.AppendUvarint(buf, uint64(m.LagSeconds))
	buf = binary.AppendUvarint(buf, uint64(len(body)))
	m.BodyAt = int64(len(buf) - start)
	return append(buf, body...)
}

// writeAttempts notes how many attempts messages have once they have changed by so many.
func (q *Queue) writeAttempts(batch []*message, by int) error {
	buf := appendAttempts(append(q.buf[:0], recAttempts), batch, by)
	_, err := q.append(buf, buf)
	return err
}

func (q *Queue) writeLease(batch []*message, until int64) error {
	buf := appendAttempts(appendLease(q.buf[:0], until), batch, 1)
	_, err := q.append(buf, buf)
	return err
}

func appendLease(buf []byte, until int64) []byte {
	return binary.AppendUvarint(append(buf, recLease), uint64(until))
}

func appendOrigin(buf []byte, from string) []byte {
	buf = binary.AppendUvarint(append(buf, recLetters), uint64(len(from)))
	return append(buf, from...)
}

func appendAttempts(buf []byte, batch []*message, by int) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(batch)))
	for _, m := range batch {
		buf = binary.AppendUvarint(buf, m.Seq)
		buf = binary.AppendUvarint(buf, uint64(int(m.Attempts)+by))
	}
	return buf
}

func appendSeqs(buf []byte, batches ...[]*message) []byte {
	n := 0
	for _, batch := range batches {
		n += len(batch)
	}
	buf = binary.AppendUvarint(buf, uint64(n))
	for _, batch := range batches {
		for _, m := range batch {
			buf = binary.AppendUvarint(buf, m.Seq)
		}
	}
	return buf
}

func (q *Queue) writeSettlement(s *settlement) error {
	if s.empty() {
		return nil
	}
	buf := appendSettlement(q.buf[:0], s)
	_, err := q.append(buf, buf)
	return err
}

func appendSettlement(buf []byte, s *settlement) []byte {
	rec := byte(recSettle)
	if s.Redrive {
		rec = recRedrive
	}
	buf = binary.AppendUvarint(append(buf, rec), uint64(s.AtMs))
	buf = appendSeqs(buf, s.Removed, s.Dropped)
	buf = binary.AppendUvarint(buf, uint64(len(s.Retries)))
	for _, r := range s.Retries {
		buf = binary.AppendUvarint(buf, r.Message.Seq)
		buf = binary.AppendUvarint(buf, uint64(r.DueMs))
	}
	buf = appendSeqs(buf, s.Dead)
	return append(buf, s.DeadTo...)
}

func (q *Queue) writePurge() error {
	buf := binary.AppendUvarint(append(q.buf[:0], recPurge), q.nextSeq)
	_, err := q.append(buf, buf)
	return err
}

func (q *Queue) writeSettings() error {
	buf := q.appendSettings(q.buf[:0])
	_, err := q.append(buf, buf)
	return err
}

func (q *Queue) appendSettings(buf []byte) []byte {
	s := q.settings
	paused := uint64(0)
	if s.Paused {
		paused = 1
	}
	buf = append(buf, recSettings)
	for _, v := range []uint64{q.nextSeq, uint64(q.b.now()), uint64(s.CreatedMs), uint64(s.ModifiedMs), paused, uint64(s.DeliveryDelay), uint64(s.Retention)} {
		buf = binary.AppendUvarint(buf, v)
	}
	return buf
}

func (q *Queue) writeKept(kept *ConsumerConfig) error {
	record, err := appendKept(nil, kept)
	if err != nil {
		return err
	}
	_, err = q.append(nil, record)
	return err
}

func appendKept(buf []byte, kept *ConsumerConfig) ([]byte, error) {
	buf = append(buf, recConsumer)
	if kept == nil {
		return buf, nil
	}
	text, err := json.Marshal(kept)
	return append(buf, text...), err
}

// append writes records, which are parts of buf, and tells where the first one is.
func (q *Queue) append(buf []byte, records ...[]byte) (at int64, err error) {
	if buf != nil && cap(buf) <= maxScratch {
		q.buf = buf // keep the grown scratch, unless it is huge
	}
	if at, err = q.log.AppendAt(records...); err != nil {
		return 0, fmt.Errorf("queue %s: %w", q.name, err)
	}
	return at, nil
}
