package queues

import (
	"context"
	"encoding/json"
	"os"
	"time"
)

// Deliverer runs a batch in a Worker. It returns an error only when the Worker
// could not be reached or its answer was lost; what the Worker's code did is in
// the Outcome. It must return soon after ctx ends.
type Deliverer interface {
	DeliverQueue(ctx context.Context, b Batch) (Outcome, error)
}

// Batch is what a queue() handler receives.
type Batch struct {
	Queue    string
	Messages []Message
	Metrics  Metrics // of what the queue holds beside this batch
}

// Outcome is what the runtime reports after a queue() handler.
type Outcome struct {
	Outcome       string // "ok", "exception", "exceededCpu", …
	AckAll        bool
	RetryAll      bool
	RetryAllDelay *time.Duration
	ExplicitAcks  []string // message ids
	Retries       []Retry
}

// Retry is a message that the handler wants again; a nil Delay means the
// consumer's retry_delay.
type Retry struct {
	ID    string
	Delay *time.Duration
}

// ConsumerType is how a consumer gets its messages.
type ConsumerType string

// The types of consumers, as the REST API names them.
const (
	WorkerConsumer ConsumerType = "worker"    // a Worker's queue() handler is called
	HTTPPull       ConsumerType = "http_pull" // it calls Pull and Settle
)

// ConsumerConfig is a consumer. Start from DefaultConsumer: a zero timeout
// delivers at once, and zero retries means that there are none. The JSON names
// are part of the journal's format.
// https://developers.cloudflare.com/queues/configuration/configure-queues/#consumer-worker-configuration
type ConsumerConfig struct {
	Queue             string        `json:"queue"`
	Type              ConsumerType  `json:"type"`                         // empty = worker
	Script            string        `json:"script,omitempty"`             // name of the Worker, shown by the REST API
	MaxBatchSize      int           `json:"max_batch_size"`               // 1 to 100; 0 = 10
	MaxBatchTimeout   time.Duration `json:"max_batch_timeout"`            // 0 to 60 s, from the first waiting message
	MaxRetries        int           `json:"max_retries"`                  // 0 to 100
	MaxConcurrency    int           `json:"max_concurrency,omitempty"`    // 1 to 250; 0 = a few, by the backlog
	RetryDelay        time.Duration `json:"retry_delay,omitempty"`        // 0 to 24 h
	DeadLetterQueue   string        `json:"dead_letter_queue,omitempty"`  // empty: exhausted messages are dropped
	VisibilityTimeout time.Duration `json:"visibility_timeout,omitempty"` // of a pull consumer's leases: 0 = 30 s, to 12 h
}

// DefaultConsumer is a consumer with Cloudflare's defaults.
func DefaultConsumer(queue string) ConsumerConfig {
	return ConsumerConfig{
		Queue:           queue,
		MaxBatchSize:    defaultBatchSize,
		MaxBatchTimeout: defaultBatchTimeout,
		MaxRetries:      defaultRetries,
	}
}

func (c *ConsumerConfig) check() error {
	if c.MaxBatchSize == 0 {
		c.MaxBatchSize = defaultBatchSize
	}
	if c.Type == "" {
		c.Type = WorkerConsumer
	}
	if c.VisibilityTimeout == 0 {
		c.VisibilityTimeout = defaultVisibility
	}
	seconds := func(d time.Duration) float64 { return d.Seconds() }
	switch {
	case c.Type != WorkerConsumer && c.Type != HTTPPull:
		return errConsumer("type of the consumer of queue %q is %q: it must be %q or %q", c.Queue, c.Type, WorkerConsumer, HTTPPull)
	case c.VisibilityTimeout < 0 || c.VisibilityTimeout > MaxVisibility:
		return errVisibility(c.VisibilityTimeout)
	case c.MaxBatchSize < 0 || c.MaxBatchSize > MaxBatchMessages:
		return errConsumer("max_batch_size of queue %q is %d: it must be between 1 and %d", c.Queue, c.MaxBatchSize, MaxBatchMessages)
	case c.MaxBatchTimeout < 0 || c.MaxBatchTimeout > MaxBatchTimeout:
		return errConsumer("max_batch_timeout of queue %q is %v: it must be between 0 and %v seconds", c.Queue, seconds(c.MaxBatchTimeout), seconds(MaxBatchTimeout))
	case c.MaxRetries < 0 || c.MaxRetries > MaxRetries:
		return errConsumer("max_retries of queue %q is %d: it must be between 0 and %d", c.Queue, c.MaxRetries, MaxRetries)
	case c.MaxConcurrency < 0 || c.MaxConcurrency > MaxConcurrency:
		return errConsumer("max_concurrency of queue %q is %d: it must be between 1 and %d", c.Queue, c.MaxConcurrency, MaxConcurrency)
	case c.RetryDelay < 0 || c.RetryDelay > MaxDelay:
		return errConsumer("retry_delay of queue %q is %v: it must be between 0 and %v seconds", c.Queue, seconds(c.RetryDelay), seconds(MaxDelay))
	case c.DeadLetterQueue == c.Queue:
		return errConsumer("dead_letter_queue of queue %q is the queue itself", c.Queue)
	case c.DeadLetterQueue != "" && !validName(c.DeadLetterQueue):
		return errName(c.DeadLetterQueue)
	}
	return nil
}

// Consumer is the one consumer of a queue. All but the constants is guarded by
// the queue's mutex.
type Consumer struct {
	queue     *Queue
	cfg       ConsumerConfig
	deliverer Deliverer // nil of a pull consumer

	ctx                  context.Context // of its deliveries, once there was one
	cancel               context.CancelFunc
	running              int           // deliveries under way
	idle                 chan struct{} // closed when running returns to zero
	retryAtMs            int64         // Unix ms before which the Worker is not tried again
	backoff              time.Duration
	lastBatchFailed      bool // its last batch did not end well
	unreachableWasLogged bool
}

// Attach gives a queue, which is made when missing, its consumer: d, or a pull
// consumer when cfg.Type is HTTPPull and d is nil. A queue has one consumer at
// most. It stays until Detach or Close; SaveConsumer keeps one over a restart.
func (b *Broker) Attach(cfg ConsumerConfig, d Deliverer) (*Consumer, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if (d == nil) != (cfg.Type == HTTPPull) {
		return nil, errConsumer("a consumer of type %q of queue %q is attached the wrong way", cfg.Type, cfg.Queue)
	}
	q, err := b.Queue(cfg.Queue)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, os.ErrClosed
	}
	if q.consumer != nil {
		return nil, errHasConsumer(q.name)
	}
	c := &Consumer{queue: q, cfg: cfg, deliverer: d}
	q.consumer = c
	q.dispatch(b.now())
	return c, nil
}

// Detach takes the consumer away from a queue and waits for its running
// batches; when ctx ends first, they are cancelled and their messages are
// delivered again. A queue without a consumer is left as it is.
func (b *Broker) Detach(ctx context.Context, queue string) {
	q, ok := b.Lookup(queue)
	if !ok {
		return
	}
	q.mu.Lock()
	c := q.consumer
	if c == nil {
		q.mu.Unlock()
		return
	}
	q.consumer = nil
	q.setTimer(b.now())
	idle := c.idle
	q.mu.Unlock()
	if idle == nil { // it never ran
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
	c.cancel()
	<-idle
}

// Config is what the consumer was attached with.
func (c *Consumer) Config() ConsumerConfig { return c.cfg }

// Wake tries the Worker again at once, without waiting for the end of the backoff.
func (c *Consumer) Wake() {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	c.retryAtMs, c.backoff = 0, 0
	c.queue.dispatch(c.queue.broker.now())
}

// DeclareProducer notes that a Worker sends to a queue, which is made when
// missing. The REST API lists it.
func (b *Broker) DeclareProducer(queue, script string) error {
	q, err := b.Queue(queue)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.producers[script] = true
	return nil
}

// SaveConsumer writes a consumer to the queue's journal, so that it is there after a
// restart; nil removes it. A saved pull consumer is attached by Open. A Worker is
// attached by the caller (Consumers), who finds it by SavedConsumer.
func (q *Queue) SaveConsumer(cfg *ConsumerConfig) error {
	if cfg != nil {
		c := *cfg
		c.Queue = q.name
		if err := c.check(); err != nil {
			return err
		}
		cfg = &c
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	text, err := encodeKept(cfg)
	if err == nil {
		err = q.log.WriteConsumer(text)
	}
	if err != nil {
		return err
	}
	q.savedConsumer = cfg
	return nil
}

// encodeKept is how the journal keeps a consumer; nil gives an empty text.
func encodeKept(cfg *ConsumerConfig) ([]byte, error) {
	if cfg == nil {
		return nil, nil
	}
	return json.Marshal(cfg)
}

// SavedConsumer is the consumer that the journal keeps.
func (q *Queue) SavedConsumer() (ConsumerConfig, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.savedConsumer == nil {
		return ConsumerConfig{}, false
	}
	return *q.savedConsumer, true
}

// Consumer is what consumes the queue at present.
func (q *Queue) Consumer() (ConsumerConfig, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.consumer == nil {
		return ConsumerConfig{}, false
	}
	return q.consumer.cfg, true
}
