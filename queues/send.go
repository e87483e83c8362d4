package queues

import (
	"context"
	"log/slog"
	"os"
	"time"

	"flint/queues/journal"
)

// Outgoing is a message to be sent.
type Outgoing struct {
	ContentType string        // text, json, bytes or v8; empty means v8
	Body        []byte        // at most MaxMessageBytes; it is copied
	Delay       time.Duration // until it may be delivered; 0 to MaxDelay
}

// pendingSend is one Send on its way to the journal.
type pendingSend struct {
	outgoing     []Outgoing
	messages     []*message
	journalBytes int
	metrics      Metrics
	err          error // why this one was refused when others were not
}

// Messages implements journal.Send.
func (s *pendingSend) Messages() []*message { return s.messages }

// Body implements journal.Send.
func (s *pendingSend) Body(i int) []byte { return s.outgoing[i].Body }

// Send adds messages to the queue, all or none, and returns once they are in
// the journal. It takes at most MaxBatchMessages of MaxBatchBytes together.
// Concurrent senders share one write.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/
func (q *Queue) Send(ctx context.Context, out []Outgoing) (Metrics, error) {
	if err := ctx.Err(); err != nil {
		return Metrics{}, err
	}
	send, err := q.prepare(out)
	if err != nil {
		return Metrics{}, err
	}
	if err := q.sends.Write(send, send.journalBytes); err != nil {
		return Metrics{}, err
	}
	return send.metrics, send.err
}

// prepare checks a batch against the limits and gives its messages their ids.
func (q *Queue) prepare(out []Outgoing) (*pendingSend, error) {
	total, err := checkBatch(out)
	if err != nil {
		return nil, err
	}
	send := &pendingSend{outgoing: out, messages: make([]*message, len(out)), journalBytes: total + len(out)*journal.MessageOverhead}
	ids := make([]byte, len(out)*len(message{}.ID))
	if err := q.broker.newIDs(ids); err != nil {
		return nil, err
	}
	for i := range out {
		contentType, err := parseContentType(out[i].ContentType)
		if err != nil {
			return nil, err
		}
		m := &message{ContentType: contentType, BodyBytes: uint32(len(out[i].Body))}
		copy(m.ID[:], ids[i*len(m.ID):])
		send.messages[i] = m
	}
	return send, nil
}

// commitSends writes what concurrent senders gathered. The lock is held.
func (q *Queue) commitSends(sends []*pendingSend) error {
	if q.closed {
		return os.ErrClosed
	}
	now := q.broker.now()
	sends = q.admit(sends, now)
	if err := journal.WriteSends(q.log, sends); err != nil {
		return err
	}
	for _, send := range sends {
		q.nextSeq += uint64(len(send.messages))
		for _, m := range send.messages {
			q.add(m, now)
		}
		q.notifySent(send)
	}
	q.dispatch(now)
	metrics := q.metrics()
	for _, send := range sends {
		send.metrics = metrics
	}
	return nil
}

// admit places the messages in the order of arrival. What the queue has no room
// for is refused, and the log says so once until something fits again.
func (q *Queue) admit(sends []*pendingSend, now int64) []*pendingSend {
	admitted := sends[:0:0]
	seq, bytes := q.nextSeq, q.backlogBytes
	for _, send := range sends {
		size := int64(send.journalBytes - len(send.outgoing)*journal.MessageOverhead)
		if bytes+size > q.broker.maxBacklogBytes {
			send.err = errBacklog(q.name, q.broker.maxBacklogBytes)
			q.logFull()
			continue
		}
		q.fullWasLogged = false
		bytes += size
		for i, m := range send.messages {
			m.Seq, m.SentMs = seq, now
			m.DueMs = now + send.outgoing[i].Delay.Milliseconds()
			seq++
		}
		admitted = append(admitted, send)
	}
	return admitted
}

func (q *Queue) logFull() {
	if q.fullWasLogged {
		return
	}
	q.fullWasLogged = true
	q.broker.log.Warn("a queue is full: it refuses messages until its consumer or a purge makes room",
		slog.String("queue", q.name), slog.Int("messages", q.backlogCount), slog.Int64("bytes", q.backlogBytes), slog.Int64("limit", q.broker.maxBacklogBytes))
}

// notifySent sends the events of accepted messages. It copies the bodies, which
// belong to the sender.
func (q *Queue) notifySent(send *pendingSend) {
	if q.broker.watcherCount.Load() == 0 {
		return
	}
	views := make([]Message, len(send.messages))
	for i, m := range send.messages {
		views[i] = viewOf(m, append([]byte(nil), send.outgoing[i].Body...))
	}
	q.broker.notifyBatch(EventSent, q, send.messages, views)
}

// checkBatch checks a batch against the limits and adds up its bodies.
func checkBatch(out []Outgoing) (total int, err error) {
	if len(out) == 0 {
		return 0, errEmptyBatch
	}
	if len(out) > MaxBatchMessages {
		return 0, errBatchCount(len(out))
	}
	for i := range out {
		n := len(out[i].Body)
		if n > MaxMessageBytes && len(out) == 1 {
			return 0, errMessageSize(n)
		}
		if n > MaxMessageBytes {
			return 0, errBatchedSize(n)
		}
		if d := out[i].Delay; d < 0 || d > MaxDelay {
			return 0, errDelayDuration(d)
		}
		total += n
	}
	if total > MaxBatchBytes {
		return 0, errBatchSize(total)
	}
	return total, nil
}
