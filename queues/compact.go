package queues

import (
	"errors"
	"log/slog"
	"os"
	"sort"

	"flint/queues/journal"
)

// compact starts a rewrite of the journal in the background if enough of it is
// garbage. The lock is held.
func (q *Queue) compact() {
	if q.compacting || q.closed || q.deliveryCtx == nil || !q.isMostlyGarbage() || q.compactNotBeforeMs > q.broker.now() {
		return
	}
	q.compacting = true
	q.broker.background.Add(1)
	go func() {
		defer q.broker.background.Done()
		err := q.rewrite()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.compacting = false
		if err != nil && !q.closed {
			q.compactNotBeforeMs = q.broker.now() + maxBackoff.Milliseconds()
			q.broker.log.Error("could not compact the journal of a queue", slog.String("queue", q.name), slog.Any("error", err))
		}
		q.compact() // of what became garbage meanwhile
	}()
}

// liveBytes is about how much of the journal is needed, in bytes.
func (q *Queue) liveBytes() int64 {
	return q.backlogBytes + int64(q.backlogCount)*journal.MessageOverhead
}

// isMostlyGarbage reports whether the journal should be rewritten: most of it is
// garbage. While batches run it may also be as large as twice the most that it
// had to hold, because a backlog that is being drained leaves nothing to copy
// in the end, and what is copied on the way takes the time of the consumer.
func (q *Queue) isMostlyGarbage() bool {
	size, live := q.log.Size(), q.liveBytes()
	if size-live < max(minGarbageBytes, live) {
		return false
	}
	running := q.consumer != nil && q.consumer.running > 0
	return !running || size >= 2*max(minGarbageBytes, q.peakLiveBytes)
}

// rewriter writes the live messages to a new journal, a chunk at a time.
type rewriter struct {
	queue     *Queue
	rewriting *journal.Rewriting
	endSeq    uint64 // messages from here on are carried over with the old journal's end
	nextSeq   uint64 // the first message of the next chunk
}

// rewrite replaces the journal by the shortest one that leads to the present
// state. The lock is not held, but for moments. Each chunk is written as it is
// at its time; what happened to it since the rewrite began is read again on top
// of that, which changes nothing.
func (q *Queue) rewrite() (err error) {
	r, err := q.beginRewrite()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.rewriting.End()) }()
	for r.nextSeq < r.endSeq {
		if err := r.writeChunk(); err != nil {
			return err
		}
	}
	if err := r.rewriting.CatchUp(); err != nil {
		return err
	}
	return r.swap()
}

func (q *Queue) beginRewrite() (*rewriter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, os.ErrClosed
	}
	log, err := q.log.BeginRewrite()
	if err != nil {
		return nil, err
	}
	r := &rewriter{queue: q, rewriting: log, endSeq: q.nextSeq}
	if err := r.writeHead(); err != nil {
		return nil, errors.Join(err, log.End())
	}
	return r, nil
}

// writeHead writes what the journal says beside messages.
func (r *rewriter) writeHead() error {
	q := r.queue
	if err := r.rewriting.Settings(q.settings, q.nextSeq, q.broker.now()); err != nil {
		return err
	}
	if q.savedConsumer == nil {
		return nil
	}
	text, err := encodeKept(q.savedConsumer)
	if err == nil {
		err = r.rewriting.Consumer(text)
	}
	return err
}

// snapshot is what one chunk holds, taken at one moment.
type snapshot struct {
	messages []*message // copies
	origins  []string
	marks    []journal.Mark // records that follow: leases and dead letters
}

func (r *rewriter) writeChunk() error {
	s, err := r.takeSnapshot()
	if err != nil {
		return err
	}
	for start := 0; start < len(s.messages); {
		end := start + 1
		for end < len(s.messages) && s.origins[end] == s.origins[start] {
			end++
		}
		if err := r.rewriting.Messages(s.messages[start:end], s.origins[start]); err != nil {
			return err
		}
		start = end
	}
	for _, mark := range s.marks {
		if err := r.rewriting.Mark(mark); err != nil {
			return err
		}
	}
	return nil
}

// takeSnapshot copies the next messages under the lock.
func (r *rewriter) takeSnapshot() (snapshot, error) {
	q := r.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	var s snapshot
	if q.closed {
		return s, os.ErrClosed
	}
	bytes := 0
	first := sort.Search(q.byArrival.len(), func(i int) bool { return q.byArrival.at(i).Seq >= r.nextSeq })
	r.nextSeq = r.endSeq
	for i := first; i < q.byArrival.len(); i++ {
		m := q.byArrival.at(i)
		if m.Seq >= r.endSeq {
			break
		}
		if bytes > rewriteChunkBytes || len(s.messages) >= rewriteChunkMessages {
			r.nextSeq = m.Seq
			break
		}
		if m.State == stateGone {
			continue
		}
		c := *m
		s.messages, s.origins = append(s.messages, &c), append(s.origins, q.origin(m))
		bytes += int(m.BodyBytes)
		if mark := q.markOf(m); mark != nil {
			s.marks = append(s.marks, mark)
		}
	}
	return s, nil
}

// markOf is the record that says more of a message than that it waits.
func (q *Queue) markOf(m *message) journal.Mark {
	switch m.State {
	case stateLeased:
		return journal.LeaseMark(m)
	case stateDying:
		d := q.dying[m]
		return journal.SettlementMark(&journal.Settlement{AtMs: q.broker.now(), Dead: []*message{m}, DeadTo: d.to, Redrive: d.redrive})
	}
	return nil
}

// swap puts the new journal in place and sets the messages' places in it.
func (r *rewriter) swap() error {
	q := r.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	if err := r.rewriting.Swap(); err != nil {
		return err
	}
	q.peakLiveBytes = q.liveBytes()
	for i := range q.byArrival.len() {
		r.rewriting.Move(q.byArrival.at(i), r.endSeq)
	}
	return nil
}
