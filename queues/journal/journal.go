package journal

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"time"

	"flint/internal/wal"
)

// Log is the journal of one queue. Its owner calls it one call at a time.
type Log struct {
	queue   string
	log     *wal.Log
	buf     []byte   // scratch for records
	ends    []int    // scratch: where the records in buf end
	records [][]byte // scratch: parts of buf
}

// What an idle queue keeps as scratch.
const (
	maxScratchBytes   = 256 << 10
	maxScratchRecords = 256
)

// Open opens or makes the journal of a queue in dir and passes its records to r.
func Open(dir, queue string, r Replayer) (*Log, error) {
	log, err := wal.OpenAt(filepath.Join(dir, fileName(queue)), func(record []byte, at int64) error { return replay(r, record, at) })
	if err != nil {
		return nil, err
	}
	return &Log{queue: queue, log: log}, nil
}

// Size is the length of the journal in bytes.
func (l *Log) Size() int64 { return l.log.Size() }

// Close closes the journal, once a rewrite that goes on has ended.
func (l *Log) Close() error { return l.log.Close() }

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
	recPurge    = 'P' // the seq before which all messages are removed
	recSettings = 'C' // the number of the next message, the time, and Settings
	recConsumer = 'H' // the consumer that is kept, as JSON; nothing = none
)

// MessageOverhead is about what a message takes in the journal beside its body, in bytes.
const MessageOverhead = 48

// Settings are a queue's own, kept in its journal.
type Settings struct {
	CreatedMs, ModifiedMs int64 // Unix ms
	Paused                bool
	DeliveryDelay         time.Duration
	Retention             time.Duration // 0 = the broker's
}

// Retry is a message with the moment of its next delivery.
type Retry struct {
	Message *Message
	DueMs   int64 // Unix ms
}

// Settlement is what one batch, or one moment, does to messages.
type Settlement struct {
	AtMs    int64      // Unix ms
	Removed []*Message // acknowledged, expired or deleted
	Dropped []*Message // removed too: failed on every attempt
	Retries []Retry
	Dead    []*Message // on their way to the queue DeadTo
	DeadTo  string
	Redrive bool // they leave a dead letter queue, instead of going to one
}

func (s *Settlement) isEmpty() bool {
	return len(s.Removed)+len(s.Dropped)+len(s.Retries)+len(s.Dead) == 0
}

// Send is what one sender adds to the queue: it becomes one record.
type Send interface {
	Messages() []*Message
	Body(i int) []byte
}

// WriteSends writes one record for each sender, in one call, and notes where
// the bodies are.
func WriteSends[S Send](l *Log, sends []S) error {
	if len(sends) == 0 {
		return nil
	}
	buf, ends := l.buf[:0], l.ends[:0]
	for _, send := range sends {
		start := len(buf)
		buf = append(buf, recSend)
		for i, m := range send.Messages() {
			buf = appendMessage(buf, start, m, send.Body(i))
		}
		ends = append(ends, len(buf))
	}
	records, start := l.records[:0], 0
	for _, end := range ends {
		records = append(records, buf[start:end])
		start = end
	}
	if len(records) <= maxScratchRecords {
		l.ends, l.records = ends, records
	}
	at, err := l.append(buf, records...)
	if err == nil {
		for k, send := range sends {
			moveBodies(send.Messages(), at)
			at += int64(len(records[k])) + wal.HeaderSize
		}
	}
	clear(records)
	return err
}

// WriteLetters writes messages that come from one other queue. Redriven ones
// have no origin.
func (l *Log) WriteLetters(origin string, batch []*Message, body func(i int) []byte) error {
	buf := appendOrigin(l.buf[:0], origin)
	for i, m := range batch {
		buf = appendMessage(buf, 0, m, body(i))
	}
	at, err := l.append(buf, buf)
	moveBodies(batch, at)
	return err
}

// moveBodies turns places in a record that begins at at into places in the journal.
func moveBodies(batch []*Message, at int64) {
	for _, m := range batch {
		m.BodyAt += at
	}
}

// appendMessage adds a message to a record that begins at start, and notes
// where in the record its body is.
func appendMessage(buf []byte, start int, m *Message, body []byte) []byte {
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

// WriteAttempts notes how many attempts messages have once they have changed by so many.
func (l *Log) WriteAttempts(batch []*Message, by int) error {
	buf := appendAttempts(append(l.buf[:0], recAttempts), batch, by)
	_, err := l.append(buf, buf)
	return err
}

// WriteLease notes one more attempt of messages, which are leased until a moment in Unix ms.
func (l *Log) WriteLease(batch []*Message, untilMs int64) error {
	buf := appendAttempts(appendLease(l.buf[:0], untilMs), batch, 1)
	_, err := l.append(buf, buf)
	return err
}

func appendLease(buf []byte, until int64) []byte {
	return binary.AppendUvarint(append(buf, recLease), uint64(until))
}

func appendOrigin(buf []byte, from string) []byte {
	buf = binary.AppendUvarint(append(buf, recLetters), uint64(len(from)))
	return append(buf, from...)
}

func appendAttempts(buf []byte, batch []*Message, by int) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(batch)))
	for _, m := range batch {
		buf = binary.AppendUvarint(buf, m.Seq)
		buf = binary.AppendUvarint(buf, uint64(int(m.Attempts)+by))
	}
	return buf
}

func appendSeqs(buf []byte, batches ...[]*Message) []byte {
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

// WriteSettlement notes what became of messages. It writes nothing when s is empty.
func (l *Log) WriteSettlement(s *Settlement) error {
	if s.isEmpty() {
		return nil
	}
	buf := appendSettlement(l.buf[:0], s)
	_, err := l.append(buf, buf)
	return err
}

func appendSettlement(buf []byte, s *Settlement) []byte {
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

// WritePurge notes that all messages before the number next are removed.
func (l *Log) WritePurge(next uint64) error {
	buf := binary.AppendUvarint(append(l.buf[:0], recPurge), next)
	_, err := l.append(buf, buf)
	return err
}

// WriteSettings notes the settings, the number of the next message and the time
// of the queue's clock in Unix ms.
func (l *Log) WriteSettings(s Settings, next uint64, nowMs int64) error {
	buf := appendSettings(l.buf[:0], s, next, nowMs)
	_, err := l.append(buf, buf)
	return err
}

func appendSettings(buf []byte, s Settings, next uint64, nowMs int64) []byte {
	paused := uint64(0)
	if s.Paused {
		paused = 1
	}
	buf = append(buf, recSettings)
	for _, v := range []uint64{next, uint64(nowMs), uint64(s.CreatedMs), uint64(s.ModifiedMs), paused, uint64(s.DeliveryDelay), uint64(s.Retention)} {
		buf = binary.AppendUvarint(buf, v)
	}
	return buf
}

// WriteConsumer notes the consumer that is kept, as text of the queue's own form;
// empty for none.
func (l *Log) WriteConsumer(text []byte) error {
	_, err := l.append(nil, append([]byte{recConsumer}, text...))
	return err
}

// append writes records, which are parts of buf, and returns where the first one is.
func (l *Log) append(buf []byte, records ...[]byte) (at int64, err error) {
	if buf != nil && cap(buf) <= maxScratchBytes {
		l.buf = buf // keep the grown scratch, unless it is huge
	}
	if at, err = l.log.AppendAt(records...); err != nil {
		return 0, fmt.Errorf("queue %s: %w", l.queue, err)
	}
	return at, nil
}
