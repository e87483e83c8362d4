package queues

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// Consumers are the consumers of all queues: what the Wrangler files declare, and
// what was added by the REST API, which is saved in the queues' journals. Of two
// for one queue the declared one counts, as after a deployment.
type Consumers struct {
	broker *Broker
	log    *slog.Logger

	mu         sync.Mutex // one change at a time
	findWorker func(script string) (Deliverer, bool)
	declared   map[string]ConsumerConfig // by queue
	attached   map[string]*Consumer      // by queue
}

// NewConsumers returns the consumers of b's queues. None is attached before Declare.
func NewConsumers(b *Broker, log *slog.Logger) *Consumers {
	return &Consumers{broker: b, log: log, declared: map[string]ConsumerConfig{}, attached: map[string]*Consumer{}}
}

// Declare takes over what the Wrangler files declare, in place of what they
// declared before, and attaches it and what is saved. find finds a running
// Worker by its name; a consumer whose Worker is not there waits for the next
// Declare. Without find nothing runs: declared consumers are only known.
func (c *Consumers) Declare(ctx context.Context, all []ConsumerConfig, find func(script string) (Deliverer, bool)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.findWorker = find
	before := c.declared
	c.declared = map[string]ConsumerConfig{}
	var errs []error
	for _, cfg := range all {
		if err := cfg.check(); err != nil {
			errs = append(errs, err)
			continue
		}
		c.declared[cfg.Queue] = cfg
		if was, ok := before[cfg.Queue]; ok && was == cfg && c.attached[cfg.Queue] != nil {
			continue
		}
		errs = append(errs, c.replace(ctx, cfg))
	}
	for queue := range before {
		if _, still := c.declared[queue]; !still {
			c.detach(ctx, queue)
		}
	}
	return errors.Join(append(errs, c.attachKept()...)...)
}

// replace attaches a declared consumer in place of whatever consumes its queue.
func (c *Consumers) replace(ctx context.Context, cfg ConsumerConfig) error {
	q, err := c.broker.Queue(cfg.Queue)
	if err != nil {
		return err
	}
	if kept, ok := q.SavedConsumer(); ok {
		c.log.Warn("the consumer that was added to a queue gives way to the one that a Wrangler file declares",
			slog.String("queue", cfg.Queue), slog.String("type", string(kept.Type)), slog.String("worker", kept.Script))
		if err := q.SaveConsumer(nil); err != nil {
			return err
		}
	}
	c.detach(ctx, cfg.Queue)
	return c.attach(cfg)
}

func (c *Consumers) attachKept() (errs []error) {
	for _, q := range c.broker.Queues() {
		if kept, ok := q.SavedConsumer(); ok && c.attached[q.name] == nil {
			errs = append(errs, c.attach(kept))
		}
	}
	return errs
}

// attach attaches a consumer, unless its Worker is not there.
func (c *Consumers) attach(cfg ConsumerConfig) error {
	if q, ok := c.broker.byName(cfg.Queue); ok && cfg.Type == HTTPPull {
		if now, ok := q.Consumer(); ok && now == cfg { // Open attaches a saved one
			return nil
		}
	}
	var to Deliverer
	if cfg.Type == WorkerConsumer {
		var ok bool
		if c.findWorker == nil {
			return nil
		}
		if to, ok = c.findWorker(cfg.Script); !ok {
			return nil
		}
	}
	consumer, err := c.broker.Attach(cfg, to)
	if err != nil {
		return fmt.Errorf("consumer of queue %s: %w", cfg.Queue, err)
	}
	c.attached[cfg.Queue] = consumer
	return nil
}

func (c *Consumers) detach(ctx context.Context, queue string) {
	c.broker.Detach(ctx, queue)
	delete(c.attached, queue)
}

// Of is the consumer of a queue, whether its Worker is there or not.
func (c *Consumers) Of(q *Queue) (ConsumerConfig, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.consumerOf(q)
}

func (c *Consumers) consumerOf(q *Queue) (ConsumerConfig, bool) {
	if cfg, ok := c.declared[q.name]; ok {
		return cfg, true
	}
	if cfg, ok := q.SavedConsumer(); ok {
		return cfg, true
	}
	return q.Consumer()
}

// Add gives a queue without a consumer one, and keeps it over restarts.
func (c *Consumers) Add(q *Queue, cfg ConsumerConfig) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, has := c.consumerOf(q); has {
		return errHasConsumer(q.name)
	}
	return c.keep(q, cfg)
}

func (c *Consumers) keep(q *Queue, cfg ConsumerConfig) error {
	cfg.Queue = q.name
	if err := q.SaveConsumer(&cfg); err != nil {
		return err
	}
	kept, _ := q.SavedConsumer() // with its defaults
	if kept.DeadLetterQueue != "" {
		if err := c.broker.Declare(kept.DeadLetterQueue); err != nil {
			return err
		}
	}
	return c.attach(kept)
}

// Update changes the consumer of a queue, which begins again. What a Wrangler
// file declares is as declared again after the next start.
func (c *Consumers) Update(ctx context.Context, q *Queue, cfg ConsumerConfig) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cfg.Queue = q.name
	if err := cfg.check(); err != nil {
		return err
	}
	if _, declared := c.declared[q.name]; declared {
		if c.findWorker == nil {
			return errDeclared(q.name)
		}
		c.declared[q.name] = cfg
		c.detach(ctx, q.name)
		return c.attach(cfg)
	}
	c.detach(ctx, q.name)
	return c.keep(q, cfg)
}

// Remove takes the consumer from a queue, whose messages then wait. One that a
// Wrangler file declares is back after the next start.
func (c *Consumers) Remove(ctx context.Context, q *Queue) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, declared := c.declared[q.name]; declared {
		if c.findWorker == nil {
			return errDeclared(q.name)
		}
		delete(c.declared, q.name)
	} else if err := q.SaveConsumer(nil); err != nil {
		return err
	}
	c.detach(ctx, q.name)
	return nil
}

// Wake tries all Workers again at once that were out of reach.
func (c *Consumers) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, consumer := range c.attached {
		consumer.Wake()
	}
}
