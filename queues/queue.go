package queues

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/wal"
	"flint/queues/journal"
)

// Queue is one queue. Its methods may be called from any goroutine.
type Queue struct {
	broker *Broker
	name   string
	id     string
	sends  wal.Group[*pendingSend]

	mu            sync.Mutex
	log           *journal.Log
	settings      journal.Settings
	savedConsumer *ConsumerConfig // the one that the journal keeps
	nextSeq       uint64

	byArrival    fifo // see lists.go
	ready        fifo
	delayed      schedule
	leases       schedule
	dying        map[*message]*deadLetter
	countByState [stateCount]int // messages by state
	backlogCount int             // unacknowledged messages
	backlogBytes int64           // and their bodies

	peakLiveBytes int64 // the most that the journal had to hold since it was rewritten

	origins         []string       // queues from which dead letters came
	deadLettersFrom map[string]int // and how many of them are here

	deliveryCtx        context.Context // of deliveries; nil before Start
	consumer           *Consumer
	producers          map[string]bool // Workers that send, by name
	timer              clock.Timer
	timerAtMs          int64
	timerSeq           uint64 // identifies the timer that is set, against one that was replaced
	timerWaiters       int    // timer callbacks that wait for a delivery
	moveDeadAtMs       int64  // when to try again to move dead letters; 0 = nothing to try
	fullWasLogged      bool   // since a message was last accepted
	purgedAtMs         int64
	latestMs           int64 // the last time in the journal, in Unix ms, while it is replayed
	compacting         bool
	compactNotBeforeMs int64 // Unix ms before which a failed compaction is not tried again
	closed             bool
}

// Metrics say how much waits in a queue: everything that is not acknowledged.
type Metrics struct {
	BacklogCount  int
	BacklogBytes  int64
	OldestMessage time.Time // when it was sent; zero when the queue is empty
}

func openQueue(b *Broker, name string) (*Queue, error) {
	q := &Queue{
		broker: b, name: name, id: queueID(name), deliveryCtx: b.deliveryCtx, producers: map[string]bool{},
		dying: map[*message]*deadLetter{}, deadLettersFrom: map[string]int{},
	}
	q.sends.Commit, q.sends.Lock, q.sends.MaxBytes = q.commitSends, &q.mu, maxSendCommitBytes
	log, err := journal.Open(b.dir, name, replay{q})
	if err != nil {
		return nil, err
	}
	q.log = log
	now := b.now()
	if q.settings.CreatedMs == 0 {
		q.settings = journal.Settings{CreatedMs: now, ModifiedMs: now}
		err = q.writeSettings()
	}
	if err == nil {
		err = q.restore(now)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if q.savedConsumer != nil && q.savedConsumer.Type == HTTPPull {
		q.consumer = &Consumer{queue: q, cfg: *q.savedConsumer}
	}
	return q, nil
}

// Name is the queue's name.
func (q *Queue) Name() string { return q.name }

// ID is the queue's id in the REST API, 32 hex digits derived from the name.
func (q *Queue) ID() string { return q.id }

// Metrics counts what waits now.
func (q *Queue) Metrics() Metrics {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removeExpired(q.broker.now())
	return q.metrics()
}

func (q *Queue) metrics() Metrics {
	m := Metrics{BacklogCount: q.backlogCount, BacklogBytes: q.backlogBytes}
	if oldest := q.oldest(); oldest != nil {
		m.OldestMessage = fromMillis(oldest.SentMs)
	}
	return m
}

// Peek returns up to limit messages that wait for delivery, oldest first and
// delayed ones last, and changes nothing.
func (q *Queue) Peek(limit int) ([]Message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.readMessages(q.peek(limit))
}

func (q *Queue) peek(limit int) []*message {
	now := q.broker.now()
	q.catchUp(now)
	var out, later []*message
	for i := 0; i < q.byArrival.len() && len(out) < limit; i++ {
		switch m := q.byArrival.at(i); m.State {
		case stateReady:
			out = append(out, m)
		case stateDelayed:
			if len(later) < limit {
				later = append(later, m)
			}
		}
	}
	return append(out, later[:min(len(later), limit-len(out))]...)
}

// Purge deletes every message for good. What a consumer is working on may
// still be processed.
// https://developers.cloudflare.com/queues/configuration/pause-purge/
func (q *Queue) Purge() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	if err := q.log.WritePurge(q.nextSeq); err != nil {
		return err
	}
	q.purgedAtMs = q.broker.now()
	q.removeAll()
	q.broker.notify(Event{Kind: EventPurged, At: fromMillis(q.purgedAtMs), Queue: q.name})
	q.compact()
	return nil
}

// Pause stops deliveries; messages are still accepted. It survives a restart.
func (q *Queue) Pause() error { return q.configure(func(s *journal.Settings) { s.Paused = true }) }

// Resume undoes Pause.
func (q *Queue) Resume() error { return q.configure(func(s *journal.Settings) { s.Paused = false }) }

// Paused reports whether deliveries are stopped by Pause.
func (q *Queue) Paused() bool { return q.currentSettings().Paused }

// DeliveryDelay is the queue's own default delay of a message.
func (q *Queue) DeliveryDelay() time.Duration { return q.currentSettings().DeliveryDelay }

func (q *Queue) currentSettings() journal.Settings {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settings
}

// configure changes the settings and writes them to the journal.
func (q *Queue) configure(change func(*journal.Settings)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	old := q.settings
	change(&q.settings)
	q.settings.ModifiedMs = q.broker.now()
	if err := q.writeSettings(); err != nil {
		q.settings = old
		return err
	}
	q.dispatch(q.broker.now())
	return nil
}

func (q *Queue) writeSettings() error {
	return q.log.WriteSettings(q.settings, q.nextSeq, q.broker.now())
}

// stop keeps new batches from starting.
func (q *Queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closeLocked()
}

func (q *Queue) closeLocked() {
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}

func (q *Queue) close() error { return q.log.Close() }

// remove closes the queue and deletes its file.
func (q *Queue) remove() error {
	q.mu.Lock()
	if q.consumer != nil || len(q.producers) > 0 {
		q.mu.Unlock()
		return errStillBound(q.name)
	}
	q.closeLocked()
	q.mu.Unlock() // a compaction needs the lock to see that it shall end
	if err := q.log.Close(); err != nil {
		return err
	}
	return journal.Remove(q.broker.dir, q.name)
}
