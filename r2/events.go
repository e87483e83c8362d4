package r2

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/wal"
)

// An event of an acknowledged change is never lost. Before a change of which a
// queue is to hear, its intent goes into a log; after the change the event goes
// to the queue, which has it on disk when it answers, and then the change is
// acknowledged. An intent that a killed run left is compared with the bucket at
// the next start. So an event may come twice, and one of a change that was never
// acknowledged may come. A bucket without rules does none of this.

// event is the body of a message.
// https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format
type event struct {
	Account   string      `json:"account"`
	Action    string      `json:"action"`
	Bucket    string      `json:"bucket"`
	Object    eventObject `json:"object"`
	EventTime string      `json:"eventTime"`
	Source    *CopySource `json:"copySource,omitempty"`
}

type eventObject struct {
	Key  string `json:"key"`
	Size *int64 `json:"size,omitempty"` // not of a deletion
	ETag string `json:"eTag,omitempty"`
}

// CopySource is where a copied object came from.
type CopySource struct {
	Bucket string `json:"bucket"`
	Object string `json:"object"`
}

// intent is a change of which a queue is to hear, as the log has it.
type intent struct {
	Seq    uint64      `json:"seq"`
	Action string      `json:"action,omitempty"` // empty: the intent Seq is settled
	Keys   []string    `json:"keys,omitempty"`
	Time   int64       `json:"time,omitempty"` // milliseconds since 1970
	Source *CopySource `json:"source,omitempty"`
}

// outbox is what a bucket has to tell its queues.
type outbox struct {
	mu      sync.Mutex
	log     *wal.Log
	lastSeq uint64 // of the last intent
	pending map[uint64]*pendingEvent
	retry   clock.Timer
	closed  bool
}

// pendingEvent is a change that is about to happen or has happened, of which queues
// are not yet informed. Its methods may be called on nil, which is no event.
type pendingEvent struct {
	intent
	b        *Bucket
	unsent   map[string][]json.RawMessage // messages by queue; nil before the change
	retryDue bool                         // to be sent again; guarded by outbox.mu
}

// beginEvent writes down that a change is about to happen, if a rule wants to
// hear of it. Only keys that a rule chooses are kept.
func (b *Bucket) beginEvent(action string, source *CopySource, keys ...string) (*pendingEvent, error) {
	rules := b.notify.Load()
	if rules == nil {
		return nil, nil
	}
	chosen := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !wanted(*rules, action, key) })
	if len(chosen) == 0 {
		return nil, nil
	}
	a := &pendingEvent{b: b, intent: intent{Action: action, Keys: chosen, Time: b.store.clock.Now().UnixMilli(), Source: source}}
	return a, b.outbox.begin(b, a)
}

func wanted(queues []QueueNotifications, action, key string) bool {
	for i := range queues {
		if queues[i].wants(action, key) {
			return true
		}
	}
	return false
}

func (q *QueueNotifications) wants(action, key string) bool {
	return slices.ContainsFunc(q.Rules, func(r NotificationRule) bool { return r.fits(action, key) })
}

// finish ends an event: the queues hear of the change, or, after an error,
// nobody. objects are what was created, by key.
func (a *pendingEvent) finish(ctx context.Context, err error, objects ...*Object) {
	if a == nil {
		return
	}
	if err != nil {
		a.b.outbox.settle(a)
		return
	}
	a.setMessages(objects)
	if a.send(context.WithoutCancel(ctx)) {
		a.b.outbox.settle(a)
		return
	}
	a.b.retryLater(a)
}

// setMessages writes the messages of an event.
func (a *pendingEvent) setMessages(objects []*Object) {
	a.unsent = map[string][]json.RawMessage{}
	rules := a.b.Notifications()
	for _, key := range a.Keys {
		e := event{Account: a.b.store.account, Action: a.Action, Bucket: a.b.name, Object: eventObject{Key: key}, Source: a.Source}
		at := time.UnixMilli(a.Time)
		if i := slices.IndexFunc(objects, func(o *Object) bool { return o.Key == key }); i >= 0 {
			o := objects[i]
			e.Object.Size, e.Object.ETag, at = &o.Size, o.ETag, o.Uploaded
		}
		e.EventTime = at.UTC().Format(isoMillis)
		text, _ := json.Marshal(e) // texts and a number cannot fail
		for i := range rules {
			if rules[i].wants(a.Action, key) {
				a.unsent[rules[i].Queue] = append(a.unsent[rules[i].Queue], text)
			}
		}
	}
}

// send reports whether every queue has its messages.
func (a *pendingEvent) send(ctx context.Context) bool {
	notifier := a.b.store.notifier.Load()
	if notifier == nil {
		return false
	}
	for queue, messages := range a.unsent {
		err := (*notifier).Send(ctx, queue, messages)
		switch {
		case errors.Is(err, errNoQueue):
			a.b.store.log.Error("r2: an event notification has no queue to go to", "bucket", a.b.name, "queue", queue, "events", len(messages))
		case err != nil:
			a.b.store.log.Error("r2: event notifications wait, a queue does not take them", "bucket", a.b.name, "queue", queue, "error", err)
			return false
		}
		delete(a.unsent, queue)
	}
	return true
}

// ErrNoQueue is what a Notifier returns of a queue that does not exist.
var ErrNoQueue = errNoQueue

// eventsFile is the log of intents, beside the settings.
func (b *Bucket) eventsFile() string { return b.store.settingsFile(b.name) + eventsSuffix }

func (o *outbox) begin(b *Bucket, a *pendingEvent) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) >= maxPendingEvents {
		return errTooManyEvents
	}
	if err := o.open(b); err != nil {
		return err
	}
	o.lastSeq++
	a.Seq = o.lastSeq
	record, _ := json.Marshal(a.intent) // texts and numbers cannot fail
	if err := o.log.Append(record); err != nil {
		return err
	}
	o.pending[a.Seq] = a
	return nil
}

// open opens the log, and takes what a killed run left in it.
func (o *outbox) open(b *Bucket) error {
	if o.log != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(b.eventsFile()), 0o700); err != nil {
		return err
	}
	o.pending = map[uint64]*pendingEvent{}
	log, err := wal.Open(b.eventsFile(), func(record []byte) error {
		a := &pendingEvent{b: b, retryDue: true}
		if err := json.Unmarshal(record, &a.intent); err != nil {
			return err
		}
		o.lastSeq = max(o.lastSeq, a.Seq)
		if a.Action == "" {
			delete(o.pending, a.Seq)
		} else {
			o.pending[a.Seq] = a
		}
		return nil
	})
	o.log = log
	return err
}

// settle forgets an event. When all are settled, a long log begins anew.
func (o *outbox) settle(a *pendingEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.pending, a.Seq)
	if o.closed {
		return // the next start compares it with the bucket
	}
	var err error
	if len(o.pending) == 0 && o.log.Size() > maxEventLog {
		err = o.log.Clear()
	} else {
		record, _ := json.Marshal(intent{Seq: a.Seq})
		err = o.log.Append(record)
	}
	if err != nil {
		a.b.store.log.Error("r2: an event notification may be sent again", "bucket", a.b.name, "error", err)
	}
}

// retryLater sends again what waits, a while from now.
func (b *Bucket) retryLater(waiting ...*pendingEvent) {
	o := &b.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range waiting {
		a.retryDue = true
	}
	if o.retry == nil && !o.closed {
		o.retry = b.store.clock.AfterFunc(eventRetry, b.retryEvents)
	}
}

// retryEvents sends what waits, and what a killed run left.
func (b *Bucket) retryEvents() {
	waiting := b.outbox.takeWaiting()
	for i, a := range waiting {
		if a.unsent == nil {
			a.recover()
		}
		if !a.send(context.Background()) {
			b.retryLater(waiting[i:]...)
			return
		}
		b.outbox.settle(a)
	}
}

func (o *outbox) takeWaiting() (waiting []*pendingEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retry = nil
	if o.closed {
		return nil
	}
	for _, a := range o.pending {
		if a.retryDue {
			a.retryDue = false
			waiting = append(waiting, a)
		}
	}
	slices.SortFunc(waiting, func(x, y *pendingEvent) int { return cmp.Compare(x.Seq, y.Seq) })
	return waiting
}

// recover decides from the bucket which of a killed run's changes happened.
func (a *pendingEvent) recover() {
	created := slices.Contains(eventTypes["object-create"], a.Action)
	var objects []*Object
	a.Keys = slices.DeleteFunc(a.Keys, func(key string) bool {
		o, err := a.b.Head(context.Background(), key)
		if created && err == nil && o.Uploaded.UnixMilli() >= a.Time {
			objects = append(objects, o)
			return false
		}
		return created || !errors.Is(err, ErrNoSuchKey)
	})
	a.setMessages(objects)
}

// openEvents finds what a killed run left to tell.
func (b *Bucket) openEvents() error {
	if b.notify.Load() == nil {
		return nil
	}
	o := &b.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open(b)
}

func (o *outbox) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.retry != nil {
		o.retry.Stop()
		o.retry = nil
	}
	if o.log == nil {
		return nil
	}
	return o.log.Close()
}

// keepOnly leaves out of an event what was not changed after all.
func (a *pendingEvent) keepOnly(changed []*Object) {
	if a == nil {
		return
	}
	a.Keys = slices.DeleteFunc(a.Keys, func(key string) bool {
		return !slices.ContainsFunc(changed, func(o *Object) bool { return o.Key == key })
	})
}
