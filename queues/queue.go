package queues

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/wal"
)

// Queue is one queue. Its methods may be called from any goroutine.
type Queue struct {
	b    *Broker
	name string
	id   string

	mu       sync.Mutex
	log      *wal.Log
	buf      []byte // scratch for journal records
	settings settings
	nextSeq  uint64

	// Every live message is in all, in order of arrival, and in one of ready,
	// delayed, a running batch or dead, as its state says. Removed messages
	// stay in these lists until they come to the front.
	all     fifo
	ready   fifo
	nReady  int // messages in ready that are still there
	delayed delayHeap
	dead    []deadLetter
	count   int   // unacknowledged messages
	bytes   int64 // and their bodies

	ctx       context.Context // of deliveries; nil before Start
	consumer  *Consumer
	producers map[string]bool // Workers that send, by name
	timer     clock.Timer
	timerAt   int64
	timerSeq  uint64 // tells the armed timer from one that was replaced
	waiters   int    // timer callbacks that wait for a delivery
	deadAt    int64  // when to try again to move dead letters; 0 = nothing to try
	purgedAt  int64
	seen      int64 // the last moment named in the journal, while it is read
	closed    bool
}

// message is one message, kept small: a queue may hold a million of them.
type message struct {
	id       [16]byte
	body     string
	seq      uint64 // place in the order of arrival
	sent     int64  // Unix ms, what the consumer sees
	due      int64  // Unix ms from which it may be delivered
	lag      uint32 // seconds from sent to arrival in this queue (dead letters)
	attempts uint16
	kind     kind
	state    state
}

type state uint8

const (
	stGone state = iota
	stReady
	stDelayed
	stRunning // in a batch, or leased
	stDead    // to be moved to a dead letter queue
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

// Metrics say how much waits in a queue: everything that is not acknowledged.
type Metrics struct {
	BacklogCount  int
	BacklogBytes  int64
	OldestMessage time.Time // when it was sent; zero when the queue is empty
}

// Message is one message as a consumer sees it.
type Message struct {
	ID          string // 32 hex digits
	Timestamp   time.Time
	Attempts    int    // deliveries begun, this one included
	ContentType string // text, json, bytes or v8
	Body        []byte
}

func openQueue(b *Broker, name string) (*Queue, error) {
	q := &Queue{b: b, name: name, id: queueID(name), ctx: b.runCtx, producers: map[string]bool{}}
	log, err := wal.Open(filepath.Join(b.dir, journalFile(name)), q.replay)
	if err != nil {
		return nil, err
	}
	q.log = log
	now := b.now()
	if q.settings.created == 0 {
		q.settings = settings{created: now, modified: now, retention: DefaultRetention}
		err = q.writeSettings()
	}
	if err == nil {
		err = q.restore(now)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
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
	q.expire(q.b.now())
	return q.metrics()
}

func (q *Queue) metrics() Metrics {
	m := Metrics{BacklogCount: q.count, BacklogBytes: q.bytes}
	if oldest := q.oldest(); oldest != nil {
		m.OldestMessage = fromMillis(oldest.sent)
	}
	return m
}

// oldest is the first message that is still there.
func (q *Queue) oldest() *message {
	for q.all.len() > 0 && q.all.at(0).state == stGone {
		q.all.pop()
	}
	if q.all.len() == 0 {
		return nil
	}
	return q.all.at(0)
}

// add takes a new message into the lists.
func (q *Queue) add(m *message, now int64) {
	q.count++
	q.bytes += int64(len(m.body))
	q.all.push(m)
	q.place(m, now)
}

// place puts a message in the list that its due time says.
func (q *Queue) place(m *message, now int64) {
	if m.due > now {
		q.delay(m)
		return
	}
	m.state = stReady
	q.ready.push(m)
	q.nReady++
}

// forget takes a message out of the backlog; its lists drop it later.
func (q *Queue) forget(m *message) {
	if m.state == stGone {
		return
	}
	if m.state == stReady {
		q.nReady--
	}
	m.state = stGone
	q.count--
	q.bytes -= int64(len(m.body))
	m.body = ""
	q.sweep()
}

// sweep rebuilds the lists once what is gone outweighs what is there.
func (q *Queue) sweep() {
	if q.all.len() > 2*q.count+1024 {
		q.all.keep(func(m *message) bool { return m.state != stGone })
	}
	if q.ready.len() > 2*q.nReady+1024 {
		q.ready.keep(func(m *message) bool { return m.state == stReady })
	}
}

// Peek returns up to limit messages that wait for delivery, oldest first and
// delayed ones last, and changes nothing.
func (q *Queue) Peek(limit int) []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Message
	for _, m := range q.peek(limit) {
		out = append(out, m.view())
	}
	return out
}

func (q *Queue) peek(limit int) []*message {
	now := q.b.now()
	q.expire(now)
	q.promote(now)
	var out, later []*message
	for i := 0; i < q.all.len() && len(out) < limit; i++ {
		switch m := q.all.at(i); m.state {
		case stReady:
			out = append(out, m)
		case stDelayed:
			if len(later) < limit {
				later = append(later, m)
			}
		}
	}
	return append(out, later[:min(len(later), limit-len(out))]...)
}

func (m *message) view() Message {
	return Message{
		ID:          hex.EncodeToString(m.id[:]),
		Timestamp:   fromMillis(m.sent),
		Attempts:    int(m.attempts),
		ContentType: kindNames[m.kind],
		Body:        []byte(m.body),
	}
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
	if err := q.writePurge(); err != nil {
		return err
	}
	q.purgedAt = q.b.now()
	q.clear()
	q.compact()
	return nil
}

// clear empties the lists.
func (q *Queue) clear() {
	for i := range q.all.len() {
		m := q.all.at(i)
		m.state, m.body = stGone, ""
	}
	q.all, q.ready, q.delayed, q.dead = fifo{}, fifo{}, nil, nil
	q.nReady, q.count, q.bytes = 0, 0, 0
}

// Pause stops deliveries; messages are still accepted. It survives a restart.
func (q *Queue) Pause() error { return q.configure(func(s *settings) { s.paused = true }) }

// Resume undoes Pause.
func (q *Queue) Resume() error { return q.configure(func(s *settings) { s.paused = false }) }

// Paused tells whether deliveries are stopped by Pause.
func (q *Queue) Paused() bool { return q.current().paused }

// DeliveryDelay is the queue's own default delay of a message.
func (q *Queue) DeliveryDelay() time.Duration { return q.current().delay }

func (q *Queue) current() settings {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settings
}

// configure changes the settings and writes them to the journal.
func (q *Queue) configure(change func(*settings)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	old := q.settings
	change(&q.settings)
	q.settings.modified = q.b.now()
	if err := q.writeSettings(); err != nil {
		q.settings = old
		return err
	}
	q.pump(q.b.now())
	return nil
}

// stop keeps new batches from starting.
func (q *Queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.halt()
}

func (q *Queue) halt() {
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}

func (q *Queue) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.log.Close()
}

// remove closes the queue and deletes its file.
func (q *Queue) remove() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.consumer != nil || len(q.producers) > 0 {
		return errStillBound(q.name)
	}
	q.halt()
	if err := q.log.Close(); err != nil {
		return err
	}
	return os.Remove(filepath.Join(q.b.dir, journalFile(q.name)))
}
