package queues

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flint/internal/clock"
	"flint/queues/journal"
)

// Options open a Broker. Zero values other than Dir have defaults.
type Options struct {
	Dir   string       // folder of the journals, made when missing
	Clock clock.Clock  // default: real time
	Log   *slog.Logger // default: nothing is logged
	// Retention is how long messages are kept in queues that have no period of
	// their own (MinRetention to MaxRetention); default DefaultRetention.
	Retention time.Duration
	Rand      io.Reader // source of message ids; default crypto/rand
}

// Broker holds all queues of one state directory.
type Broker struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger

	handlerTimeout  time.Duration // of one batch in a Worker
	maxBacklogBytes int64         // bodies of one queue, in bytes
	retention       time.Duration // of queues that have none of their own

	watchMu      sync.Mutex
	watchers     []*Watcher
	watcherCount atomic.Int32 // their number

	randMu sync.Mutex
	rand   io.Reader

	mu          sync.Mutex
	queues      map[string]*Queue
	deliveryCtx context.Context // of deliveries; nil before Start
	cancel      context.CancelFunc
	closed      bool
	background  sync.WaitGroup // running deliveries and compactions
}

// Open opens or makes the broker in o.Dir and reads every journal there.
func Open(o Options) (*Broker, error) {
	b := &Broker{
		dir: o.Dir, clock: o.Clock, log: o.Log, rand: o.Rand, queues: map[string]*Queue{},
		handlerTimeout: handlerTimeout, maxBacklogBytes: MaxBacklogBytes, retention: cmp.Or(o.Retention, DefaultRetention),
	}
	if b.clock == nil {
		b.clock = clock.New()
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.rand == nil {
		b.rand = rand.Reader
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("open queues: %w", err)
	}
	names, err := journal.Queues(b.dir)
	if err != nil {
		return nil, fmt.Errorf("open queues: %w", err)
	}
	for _, name := range names {
		if _, err := b.Queue(name); err != nil {
			return nil, errors.Join(fmt.Errorf("open queue %s: %w", name, err), b.Close())
		}
	}
	return b, nil
}

// Queue returns the queue of that name, made when there is none.
func (b *Broker) Queue(name string) (*Queue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.queues[name]; q != nil {
		return q, nil
	}
	if b.closed {
		return nil, os.ErrClosed
	}
	if !validName(name) {
		return nil, errName(name)
	}
	q, err := openQueue(b, name)
	if err != nil {
		return nil, err
	}
	b.queues[name] = q
	return q, nil
}

// Declare makes the queue when there is none.
func (b *Broker) Declare(name string) error {
	_, err := b.Queue(name)
	return err
}

// Lookup finds a queue by its name or id without making one.
func (b *Broker) Lookup(nameOrID string) (*Queue, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.queues[nameOrID]; q != nil {
		return q, true
	}
	for _, q := range b.queues {
		if q.id == nameOrID {
			return q, true
		}
	}
	return nil, false
}

func (b *Broker) byName(name string) (*Queue, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, ok := b.queues[name]
	return q, ok
}

// Queues lists all queues by name.
func (b *Broker) Queues() []*Queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*Queue, 0, len(b.queues))
	for _, q := range b.queues {
		all = append(all, q)
	}
	slices.SortFunc(all, func(x, y *Queue) int { return strings.Compare(x.name, y.name) })
	return all
}

// Delete removes a queue with its messages. A queue with a producer or a
// consumer is refused.
func (b *Broker) Delete(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return errNoQueue(name)
	}
	if err := q.remove(); err != nil {
		return err
	}
	delete(b.queues, name)
	return nil
}

// Start lets deliveries begin. They end when ctx does, or with Close.
func (b *Broker) Start(ctx context.Context) error {
	b.mu.Lock()
	if b.closed || b.deliveryCtx != nil {
		b.mu.Unlock()
		return errors.New("queues: broker already started or closed")
	}
	b.mu.Unlock()
	for _, q := range b.Queues() {
		_ = q.moveDead(true) // before anything is delivered, see Queue.accept
	}
	b.mu.Lock()
	b.deliveryCtx, b.cancel = context.WithCancel(ctx)
	b.mu.Unlock()
	for _, q := range b.Queues() {
		q.start(b.deliveryCtx)
	}
	return nil
}

// Quiesce waits until no batch is running and none is due, or until ctx ends.
func (b *Broker) Quiesce(ctx context.Context) error {
	for {
		waited := false
		for _, q := range b.Queues() {
			w, err := q.waitIdle(ctx)
			if err != nil {
				return err
			}
			waited = waited || w
		}
		if !waited { // a batch may have sent to a queue that was idle before
			return nil
		}
	}
}

// Close stops deliveries and closes the journals; it comes before the clock's
// own Close. A running batch gets a grace period of closeGrace, then its
// context is cancelled; what it leaves unacknowledged is delivered again after
// the next Open.
func (b *Broker) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	cancel := b.cancel
	b.mu.Unlock()
	for _, q := range b.Queues() {
		q.stop()
	}
	if cancel != nil {
		grace, done := context.WithTimeout(context.Background(), closeGrace)
		stop := context.AfterFunc(grace, cancel)
		b.background.Wait()
		stop()
		done()
		cancel()
	}
	var errs []error
	for _, q := range b.Queues() {
		errs = append(errs, q.close())
	}
	b.closeWatchers()
	return errors.Join(errs...)
}

// now is the clock's time in Unix milliseconds, the resolution of all times here.
func (b *Broker) now() int64 { return b.clock.Now().UnixMilli() }

// newIDs fills ids from the source of randomness.
func (b *Broker) newIDs(ids []byte) error {
	b.randMu.Lock()
	defer b.randMu.Unlock()
	_, err := io.ReadFull(b.rand, ids)
	return err
}

func validName(name string) bool {
	if len(name) == 0 || len(name) > MaxQueueName {
		return false
	}
	for i, c := range []byte(name) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		inner := i > 0 && i < len(name)-1
		if !alnum && !(inner && (c == '-' || c == '_')) {
			return false
		}
	}
	return true
}

// queueID is a stable id of 32 hex digits, derived from the name.
func queueID(name string) string {
	sum := sha256.Sum256([]byte("flint queue " + name))
	return hex.EncodeToString(sum[:16])
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
