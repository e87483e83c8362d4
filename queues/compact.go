package queues

import (
	"errors"
	"log/slog"
	"os"
	"sort"

	"flint/queues/journal"
)

// compact starts a rewrite of the journal when it is worth it. The lock is
// held; the rewrite goes on beside everything else.
func (q *Queue) compact() {
	if q.compacting || q.closed || q.ctx == nil || !q.wasteful() || q.compactAt > q.b.now() {
		return
	}
	q.compacting = true
	q.b.workers.Add(1)
	go func() {
		defer q.b.workers.Done()
		err := q.rewrite()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.compacting = false
		if err != nil && !q.closed {
			q.compactAt = q.b.now() + maxBackoff.Milliseconds()
			q.b.log.Error("could not compact the journal of a queue", slog.String("queue", q.name), slog.Any("error", err))
		}
		q.compact() // of what became garbage meanwhile
	}()
}

// live is about how much of the journal is needed, in bytes.
func (q *Queue) live() int64 { return q.bytes + int64(q.count)*journal.MessageOverhead }

// wasteful tells whether the journal should be rewritten: most of it is
// garbage. While batches run it may also be as large as twice the most that it
// had to hold, because a backlog that is being drained leaves nothing to copy
// in the end, and what is copied on the way takes the time of the consumer.
func (q *Queue) wasteful() bool {
	size, live := q.log.Size(), q.live()
	if size-live < max(minGarbage, live) {
		return false
	}
	running := q.consumer != nil && q.consumer.running > 0
	return !running || size >= 2*max(minGarbage, q.mostLive)
}

// rewriter writes the live messages to a new journal, a chunk at a time.
type rewriter struct {
	q     *Queue
	log   *journal.Rewriting
	limit uint64 // messages from here on are carried over with the old journal's end
	next  uint64 // the first message of the next chunk
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
	defer func() { err = errors.Join(err, r.log.End()) }()
	for r.next < r.limit {
		if err := r.chunk(); err != nil {
			return err
		}
	}
	if err := r.log.CatchUp(); err != nil {
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
	r := &rewriter{q: q, log: log, limit: q.nextSeq}
	if err := r.head(); err != nil {
		return nil, errors.Join(err, log.End())
	}
	return r, nil
}

// head writes what the journal says beside messages.
func (r *rewriter) head() error {
	q := r.q
	if err := r.log.Settings(q.settings, q.nextSeq, q.b.now()); err != nil {
		return err
	}
	if q.kept == nil {
		return nil
	}
	text, err := encodeKept(q.kept)
	if err == nil {
		err = r.log.Consumer(text)
	}
	return err
}

// snapshot is what one chunk holds, taken at one moment.
type snapshot struct {
	messages []*message // copies
	origins  []string
	marks    []journal.Mark // records that follow: leases and dead letters
}

func (r *rewriter) chunk() error {
	s, err := r.take()
	if err != nil {
		return err
	}
	for start := 0; start < len(s.messages); {
		end := start + 1
		for end < len(s.messages) && s.origins[end] == s.origins[start] {
			end++
		}
		if err := r.log.Messages(s.messages[start:end], s.origins[start]); err != nil {
			return err
		}
		start = end
	}
	for _, mark := range s.marks {
		if err := r.log.Mark(mark); err != nil {
			return err
		}
	}
	return nil
}

// take copies the next messages under the lock.
func (r *rewriter) take() (snapshot, error) {
	q := r.q
	q.mu.Lock()
	defer q.mu.Unlock()
	var s snapshot
	if q.closed {
		return s, os.ErrClosed
	}
	bytes := 0
	first := sort.Search(q.all.len(), func(i int) bool { return q.all.at(i).Seq >= r.next })
	r.next = r.limit
	for i := first; i < q.all.len(); i++ {
		m := q.all.at(i)
		if m.Seq >= r.limit {
			break
		}
		if bytes > rewriteBytes || len(s.messages) >= rewriteMessages {
			r.next = m.Seq
			break
		}
		if m.State == stGone {
			continue
		}
		c := *m
		s.messages, s.origins = append(s.messages, &c), append(s.origins, q.origin(m))
		bytes += int(m.BodyBytes)
		if mark := q.mark(m); mark != nil {
			s.marks = append(s.marks, mark)
		}
	}
	return s, nil
}

// mark is the record that says more of a message than that it waits.
func (q *Queue) mark(m *message) journal.Mark {
	switch m.State {
	case stLeased:
		return journal.LeaseMark(m)
	case stDead:
		d := q.dead[m]
		return journal.SettlementMark(&journal.Settlement{AtMs: q.b.now(), Dead: []*message{m}, DeadTo: d.to, Redrive: d.redrive})
	}
	return nil
}

// swap puts the new journal in place and tells the messages where they are.
func (r *rewriter) swap() error {
	q := r.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	if err := r.log.Swap(); err != nil {
		return err
	}
	q.mostLive = q.live()
	for i := range q.all.len() {
		r.log.Move(q.all.at(i), r.limit)
	}
	return nil
}
