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
	out     []Outgoing
	batch   []*message
	bytes   int
	metrics Metrics
	err     error // why this one was refused when others were not
}

// Messages implements journal.Send.
func (s *pendingSend) Messages() []*message { return s.batch }

// Body implements journal.Send.
func (s *pendingSend) Body(i int) []byte { return s.out[i].Body }

// Send adds messages to the queue, all or none, and returns once they are in
// the journal. It takes at most MaxBatchMessages of MaxBatchBytes together.
// Senders that meet share one write.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/
func (q *Queue) Send(ctx context.Context, out []Outgoing) (Metrics, error) {
	if err := ctx.Err(); err != nil {
		return Metrics{}, err
	}
	job, err := q.prepare(out)
	if err != nil {
		return Metrics{}, err
	}
	if err := q.sends.Write(job, job.bytes); err != nil {
		return Metrics{}, err
	}
	return job.metrics, job.err
}

// prepare checks a batch against the limits and gives its messages their ids.
func (q *Queue) prepare(out []Outgoing) (*pendingSend, error) {
	total, err := checkBatch(out)
	if err != nil {
		return nil, err
	}
	job := &pendingSend{out: out, batch: make([]*message, len(out)), bytes: total + len(out)*journal.MessageOverhead}
	ids := make([]byte, len(out)*len(message{}.ID))
	if err := q.b.newIDs(ids); err != nil {
		return nil, err
	}
	for i := range out {
		contentType, err := parseContentType(out[i].ContentType)
		if err != nil {
			return nil, err
		}
		m := &message{ContentType: contentType, BodyBytes: uint32(len(out[i].Body))}
		copy(m.ID[:], ids[i*len(m.ID):])
		job.batch[i] = m
	}
	return job, nil
}

// commitSends writes what senders have gathered. The lock is held.
func (q *Queue) commitSends(jobs []*pendingSend) error {
	if q.closed {
		return os.ErrClosed
	}
	now := q.b.now()
	jobs = q.admit(jobs, now)
	if err := journal.WriteSends(q.log, jobs); err != nil {
		return err
	}
	for _, job := range jobs {
		q.nextSeq += uint64(len(job.batch))
		for _, m := range job.batch {
			q.add(m, now)
		}
		q.tellSent(job)
	}
	q.pump(now)
	metrics := q.metrics()
	for _, job := range jobs {
		job.metrics = metrics
	}
	return nil
}

// admit places the messages in the order of arrival. What the queue has no room
// for is refused, and the log says so once until something fits again.
func (q *Queue) admit(jobs []*pendingSend, now int64) []*pendingSend {
	admitted := jobs[:0:0]
	seq, bytes := q.nextSeq, q.bytes
	for _, job := range jobs {
		size := int64(job.bytes - len(job.out)*journal.MessageOverhead)
		if bytes+size > q.b.maxBacklog {
			job.err = errBacklog(q.name, q.b.maxBacklog)
			q.sayFull()
			continue
		}
		q.saidFull = false
		bytes += size
		for i, m := range job.batch {
			m.Seq, m.SentMs = seq, now
			m.DueMs = now + job.out[i].Delay.Milliseconds()
			seq++
		}
		admitted = append(admitted, job)
	}
	return admitted
}

func (q *Queue) sayFull() {
	if q.saidFull {
		return
	}
	q.saidFull = true
	q.b.log.Warn("a queue is full: it refuses messages until its consumer or a purge makes room",
		slog.String("queue", q.name), slog.Int("messages", q.count), slog.Int64("bytes", q.bytes), slog.Int64("limit", q.b.maxBacklog))
}

// tellSent tells the watchers; the bodies are copied, because they are the sender's.
func (q *Queue) tellSent(job *pendingSend) {
	if q.b.watched.Load() == 0 {
		return
	}
	views := make([]Message, len(job.batch))
	for i, m := range job.batch {
		views[i] = viewOf(m, append([]byte(nil), job.out[i].Body...))
	}
	q.b.tellBatch(EventSent, q, job.batch, views)
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
			return 0, errDelayOf(d)
		}
		total += n
	}
	if total > MaxBatchBytes {
		return 0, errBatchSize(total)
	}
	return total, nil
}
