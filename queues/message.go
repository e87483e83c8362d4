package queues

import (
	"encoding/hex"
	"slices"
	"time"

	"flint/queues/journal"
)

// message is what the queue holds of one message. Its body stays in the journal.
type message = journal.Message

// state is what a message waits for; message.State holds it.
type state = uint8

const (
	stateGone state = iota
	stateReady
	stateDelayed
	stateInFlight // in a batch
	stateLeased   // at a pull consumer
	stateDying    // to be moved to a dead letter queue
	stateCount
)

func parseContentType(name string) (journal.ContentType, error) {
	if name == "" {
		return journal.V8, nil // as the runtime has it
	}
	if t, ok := journal.ParseContentType(name); ok {
		return t, nil
	}
	return 0, errContentType(name)
}

// Message is one message as a consumer sees it.
type Message struct {
	ID          string // 32 hex digits
	Timestamp   time.Time
	Attempts    int    // deliveries begun, this one included
	ContentType string // text, json, bytes or v8
	Body        []byte
}

func viewOf(m *message, body []byte) Message {
	return Message{
		ID:          hex.EncodeToString(m.ID[:]),
		Timestamp:   fromMillis(m.SentMs),
		Attempts:    int(m.Attempts),
		ContentType: m.ContentType.String(),
		Body:        body,
	}
}

// readMessages reads the bodies of messages from the journal: those that stand side by
// side, as most do, in one call.
func (q *Queue) readMessages(batch []*message) ([]Message, error) {
	out := make([]Message, len(batch))
	err := q.log.ReadBodies(batch, func(i int, body []byte) error {
		out[i] = viewOf(batch[i], slices.Clip(body))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
