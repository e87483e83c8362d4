package queues

import (
	"encoding/hex"
	"slices"
	"time"
)

// message is one message, kept small and without pointers, because a queue may
// hold a million of them: 64 bytes. Its body stays in the journal.
type message struct {
	ID          [16]byte
	Seq         uint64 // place in the order of arrival
	SentMs      int64  // Unix ms, what the consumer sees
	DueMs       int64  // Unix ms from which it may be delivered, or at which its lease ends
	BodyAt      int64  // where in the journal the body is
	BodyBytes   uint32 // of the body
	LagSeconds  uint32 // seconds from sent to arrival in this queue (dead letters)
	Attempts    uint16
	Origin      uint16 // of a dead letter: 1 + its place in the queue's origins; else 0
	ContentType kind
	State       state
}

type state uint8

const (
	stGone state = iota
	stReady
	stDelayed
	stRunning // in a batch
	stLeased  // at a pull consumer
	stDead    // to be moved to a dead letter queue
	states
)

// kind is a content type. The numbers are part of the journal's format.
type kind uint8

const (
	kindV8 kind = iota
	kindJSON
	kindText
	kindBytes
)

var kindNames = [...]string{kindV8: "v8", kindJSON: "json", kindText: "text", kindBytes: "bytes"}

func parseKind(s string) (kind, error) {
	for k, name := range kindNames {
		if s == name {
			return kind(k), nil
		}
	}
	if s == "" {
		return kindV8, nil // as the runtime has it
	}
	return 0, errContentType(s)
}

// Message is one message as a consumer sees it.
type Message struct {
	ID          string // 32 hex digits
	Timestamp   time.Time
	Attempts    int    // deliveries begun, this one included
	ContentType string // text, json, bytes or v8
	Body        []byte
}

func (m *message) view(body []byte) Message {
	return Message{
		ID:          hex.EncodeToString(m.ID[:]),
		Timestamp:   fromMillis(m.SentMs),
		Attempts:    int(m.Attempts),
		ContentType: kindNames[m.ContentType],
		Body:        body,
	}
}

// maxGap is how many bytes between two bodies are read rather than skipped.
const maxGap = 1 << 10

// views reads the bodies of messages from the journal: those that stand side by
// side, as most do, in one call.
func (q *Queue) views(batch []*message) ([]Message, error) {
	out := make([]Message, len(batch))
	err := readBodies(q.log.ReadAt, batch, func(i int, body []byte) error {
		out[i] = batch[i].view(slices.Clip(body))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readBodies calls f with the body of each message. The bodies are parts of
// larger buffers, which f may keep.
func readBodies(read func(p []byte, at int64) error, batch []*message, f func(i int, body []byte) error) error {
	for i := 0; i < len(batch); {
		start := batch[i].BodyAt
		end := start + int64(batch[i].BodyBytes)
		j := i + 1
		for j < len(batch) && batch[j].BodyAt >= end && batch[j].BodyAt-end <= maxGap {
			end = batch[j].BodyAt + int64(batch[j].BodyBytes)
			j++
		}
		buf := make([]byte, end-start)
		if len(buf) > 0 {
			if err := read(buf, start); err != nil {
				return err
			}
		}
		for ; i < j; i++ {
			at := batch[i].BodyAt - start
			if err := f(i, buf[at:at+int64(batch[i].BodyBytes)]); err != nil {
				return err
			}
		}
	}
	return nil
}
