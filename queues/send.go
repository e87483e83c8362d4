package queues

import (
	"context"
	"os"
	"time"
)

// Outgoing is a message to be sent.
type Outgoing struct {
	ContentType string        // text, json, bytes or v8; empty means v8
	Body        []byte        // at most MaxMessageBytes; it is copied
	Delay       time.Duration // until it may be delivered; 0 to MaxDelay
}

// Send adds messages to the queue, all or none, and returns once they are in
// the journal. It takes at most MaxBatchMessages of MaxBatchBytes together.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/
func (q *Queue) Send(ctx context.Context, out []Outgoing) (Metrics, error) {
	if err := ctx.Err(); err != nil {
		return Metrics{}, err
	}
	batch, err := q.prepare(out)
	if err != nil {
		return Metrics{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return Metrics{}, os.ErrClosed
	}
	now := q.b.now()
	for i := range batch {
		m := &batch[i]
		m.seq, m.sent = q.nextSeq+uint64(i), now
		m.due = now + out[i].Delay.Milliseconds()
	}
	if err := q.writeSend(batch); err != nil {
		return Metrics{}, err
	}
	q.nextSeq += uint64(len(batch))
	for i := range batch {
		q.add(&batch[i], now)
	}
	q.pump(now)
	return q.metrics(), nil
}

// prepare checks a batch against the limits and copies its bodies.
func (q *Queue) prepare(out []Outgoing) ([]message, error) {
	if err := checkBatch(out); err != nil {
		return nil, err
	}
	batch := make([]message, len(out))
	ids := make([]byte, len(out)*len(message{}.id))
	if err := q.b.newIDs(ids); err != nil {
		return nil, err
	}
	for i := range out {
		kind, err := parseKind(out[i].ContentType)
		if err != nil {
			return nil, err
		}
		m := &batch[i]
		copy(m.id[:], ids[i*len(m.id):])
		m.kind, m.body = kind, string(out[i].Body)
	}
	return batch, nil
}

func checkBatch(out []Outgoing) error {
	if len(out) == 0 {
		return errEmptyBatch
	}
	if len(out) > MaxBatchMessages {
		return errBatchCount(len(out))
	}
	total := 0
	for i := range out {
		n := len(out[i].Body)
		if n > MaxMessageBytes && len(out) == 1 {
			return errMessageSize(n)
		}
		if n > MaxMessageBytes {
			return errBatchedSize(n)
		}
		if d := out[i].Delay; d < 0 || d > MaxDelay {
			return errDelayOf(d)
		}
		total += n
	}
	if total > MaxBatchBytes {
		return errBatchSize(total)
	}
	return nil
}
