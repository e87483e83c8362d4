package queues

import (
	"encoding/hex"
	"slices"
	"sync/atomic"
	"time"

	"flint/queues/journal"
)

// EventKind says what happened to a message.
type EventKind string

// What a Watcher sees.
const (
	EventSent      EventKind = "sent"
	EventDelivered EventKind = "delivered" // to a Worker, or leased by a pull consumer
	EventAcked     EventKind = "acked"
	EventRetried   EventKind = "retried"
	EventDead      EventKind = "dead-lettered" // To is the dead letter queue
	EventDropped   EventKind = "dropped"       // failed on every attempt, with no dead letter queue
	EventExpired   EventKind = "expired"       // older than the retention period
	EventRedriven  EventKind = "redriven"      // out of a dead letter queue, To another
	EventPurged    EventKind = "purged"        // the whole queue: there is no ID
)

// Event is something that happened to one message.
type Event struct {
	Kind        EventKind
	At          time.Time
	Queue       string
	ID          string // 32 hex digits
	Attempts    int
	Due         time.Time // of a retried or delayed message; else zero
	To          string    // the other queue of a dead-lettered or redriven message
	ContentType string    // of a sent or delivered message
	Body        []byte    // of a sent or delivered message; not to be changed
}

// Watcher is a subscription to the events of a Broker. What its channel has no
// room for is dropped and counted, so a slow watcher delays nothing.
type Watcher struct {
	broker  *Broker
	events  chan Event
	queues  []string // none = all
	dropped atomic.Uint64
}

// Watch subscribes to the events of the named queues, or of all. The channel
// holds buffer events (at least 1, at most maxWatchBuffer). Close it in the end.
func (b *Broker) Watch(buffer int, queues ...string) *Watcher {
	w := &Watcher{broker: b, events: make(chan Event, min(max(buffer, 1), maxWatchBuffer)), queues: slices.Clone(queues)}
	b.watchMu.Lock()
	defer b.watchMu.Unlock()
	b.watchers = append(b.watchers, w)
	b.watcherCount.Store(int32(len(b.watchers)))
	return w
}

// Events is the channel; Close of the Watcher or of the Broker closes it.
func (w *Watcher) Events() <-chan Event { return w.events }

// Dropped counts the events that found no room.
func (w *Watcher) Dropped() uint64 { return w.dropped.Load() }

// Close ends the subscription. Closing twice is harmless.
func (w *Watcher) Close() {
	w.broker.watchMu.Lock()
	defer w.broker.watchMu.Unlock()
	i := slices.Index(w.broker.watchers, w)
	if i < 0 {
		return
	}
	w.broker.watchers = slices.Delete(w.broker.watchers, i, i+1)
	w.broker.watcherCount.Store(int32(len(w.broker.watchers)))
	close(w.events)
}

// closeWatchers ends all subscriptions.
func (b *Broker) closeWatchers() {
	b.watchMu.Lock()
	all := slices.Clone(b.watchers)
	b.watchMu.Unlock()
	for _, w := range all {
		w.Close()
	}
}

func (b *Broker) notify(e Event) {
	b.watchMu.Lock()
	defer b.watchMu.Unlock()
	for _, w := range b.watchers {
		if len(w.queues) > 0 && !slices.Contains(w.queues, e.Queue) {
			continue
		}
		select {
		case w.events <- e:
		default:
			w.dropped.Add(1)
		}
	}
}

// notifyBatch sends an event for each message that was sent or delivered.
func (b *Broker) notifyBatch(kind EventKind, q *Queue, batch []*message, views []Message) {
	if b.watcherCount.Load() == 0 {
		return
	}
	now := b.now()
	for i, m := range batch {
		e := eventOf(m, kind, q, now)
		e.ContentType, e.Body = views[i].ContentType, views[i].Body
		if kind == EventSent && m.DueMs > now {
			e.Due = fromMillis(m.DueMs)
		}
		b.notify(e)
	}
}

// notifySettled sends the events of a settlement, before the settlement is applied.
func (q *Queue) notifySettled(settlement *journal.Settlement, removedAs EventKind) {
	if q.broker.watcherCount.Load() == 0 {
		return
	}
	for _, m := range settlement.Removed {
		if removedAs != "" {
			q.broker.notify(eventOf(m, removedAs, q, settlement.AtMs))
		}
	}
	for _, m := range settlement.Dropped {
		q.broker.notify(eventOf(m, EventDropped, q, settlement.AtMs))
	}
	for _, r := range settlement.Retries {
		e := eventOf(r.Message, EventRetried, q, settlement.AtMs)
		e.Due = fromMillis(r.DueMs)
		q.broker.notify(e)
	}
	dead := EventDead
	if settlement.Redrive {
		dead = EventRedriven
	}
	for _, m := range settlement.Dead {
		e := eventOf(m, dead, q, settlement.AtMs)
		e.To = settlement.DeadTo
		q.broker.notify(e)
	}
}

func eventOf(m *message, kind EventKind, q *Queue, now int64) Event {
	return Event{Kind: kind, At: fromMillis(now), Queue: q.name, ID: hex.EncodeToString(m.ID[:]), Attempts: int(m.Attempts)}
}
