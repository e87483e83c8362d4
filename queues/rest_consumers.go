package queues

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"
)

// consumerJSON is a consumer as the API shows it.
type consumerJSON struct {
	ID              string           `json:"consumer_id"`
	Type            string           `json:"type"`
	Script          string           `json:"script,omitempty"` // as Wrangler reads it
	ScriptName      string           `json:"script_name,omitempty"`
	QueueName       string           `json:"queue_name"`
	QueueID         string           `json:"queue_id"`
	DeadLetterQueue string           `json:"dead_letter_queue,omitempty"`
	Settings        consumerSettings `json:"settings"`
}

// consumerSettings are those of a consumer; nil means not given or without a
// meaning for its type.
type consumerSettings struct {
	BatchSize        *int     `json:"batch_size,omitempty"`
	MaxRetries       *int     `json:"max_retries,omitempty"`
	MaxWaitMillis    *float64 `json:"max_wait_time_ms,omitempty"`
	MaxConcurrency   *int     `json:"max_concurrency,omitempty"`
	RetryDelay       *float64 `json:"retry_delay,omitempty"` // seconds
	VisibilityMillis *float64 `json:"visibility_timeout_ms,omitempty"`
}

func consumerID(queue string) string { return queueID("consumer of " + queue) }

func (a *REST) consumersOf(q *Queue) []consumerJSON {
	cfg, ok := a.consumers.Of(q)
	if !ok {
		return []consumerJSON{}
	}
	return []consumerJSON{cfg.toJSON(q)}
}

func (c *ConsumerConfig) toJSON(q *Queue) consumerJSON {
	out := consumerJSON{
		ID: consumerID(q.name), Type: string(c.Type), Script: c.Script, ScriptName: c.Script,
		QueueName: q.name, QueueID: q.id, DeadLetterQueue: c.DeadLetterQueue,
	}
	delay := c.RetryDelay.Seconds()
	out.Settings = consumerSettings{BatchSize: &c.MaxBatchSize, MaxRetries: &c.MaxRetries, RetryDelay: &delay}
	if c.Type == HTTPPull {
		visible := float64(c.VisibilityTimeout.Milliseconds())
		out.Settings.VisibilityMillis = &visible
		return out
	}
	wait := float64(c.MaxBatchTimeout.Milliseconds())
	out.Settings.MaxWaitMillis = &wait
	if c.MaxConcurrency > 0 {
		out.Settings.MaxConcurrency = &c.MaxConcurrency
	}
	return out
}

// consumerBody is the body of a create or an update.
type consumerBody struct {
	Type            ConsumerType     `json:"type"`
	Script          string           `json:"script_name"`
	DeadLetterQueue string           `json:"dead_letter_queue"`
	Settings        consumerSettings `json:"settings"`
}

// config fills in the defaults.
func (b *consumerBody) config(queue string) (ConsumerConfig, error) {
	cfg := DefaultConsumer(queue)
	cfg.Type, cfg.Script, cfg.DeadLetterQueue = b.Type, b.Script, b.DeadLetterQueue
	switch {
	case cfg.Type == "" && cfg.Script == "":
		return cfg, errSchema(`type is missing: it must be %q or %q`, WorkerConsumer, HTTPPull)
	case cfg.Type == HTTPPull && cfg.Script != "":
		return cfg, errSchema("script_name is given, and a consumer of type %q has none", HTTPPull)
	case cfg.Type != HTTPPull && cfg.Script == "":
		return cfg, errSchema("script_name is missing: the name of the Worker that consumes the queue")
	}
	s := &b.Settings
	if s.BatchSize != nil {
		if cfg.MaxBatchSize = *s.BatchSize; cfg.MaxBatchSize == 0 { // which means the default elsewhere
			return cfg, errConsumer("max_batch_size of queue %q is 0: it must be between 1 and %d", queue, MaxBatchMessages)
		}
	}
	if s.MaxRetries != nil {
		cfg.MaxRetries = *s.MaxRetries
	}
	if s.MaxConcurrency != nil {
		if cfg.MaxConcurrency = *s.MaxConcurrency; cfg.MaxConcurrency == 0 {
			return cfg, errConsumer("max_concurrency of queue %q is 0: it must be between 1 and %d", queue, MaxConcurrency)
		}
	}
	if s.MaxWaitMillis != nil {
		cfg.MaxBatchTimeout = atMost(*s.MaxWaitMillis, time.Millisecond, MaxBatchTimeout)
	}
	if s.RetryDelay != nil {
		cfg.RetryDelay = atMost(*s.RetryDelay, time.Second, MaxDelay)
	}
	if s.VisibilityMillis != nil {
		cfg.VisibilityTimeout = atMost(*s.VisibilityMillis, time.Millisecond, MaxVisibility)
	}
	return cfg, cfg.check()
}

// atMost is n units, or one more than the most when n is beyond that: a number
// of JSON may be too large for a Duration.
func atMost(n float64, unit, most time.Duration) time.Duration {
	return time.Duration(min(max(n, -1)*float64(unit), float64(most+time.Millisecond)))
}

func (a *REST) listConsumers(_ *http.Request, q *Queue) (any, error) { return a.consumersOf(q), nil }

func (a *REST) addConsumer(r *http.Request, q *Queue) (any, error) {
	return a.changeConsumer(r, q, a.consumers.Add)
}

// getConsumer also checks the id of the other calls.
func (a *REST) getConsumer(r *http.Request, q *Queue) (any, error) {
	id, err := url.PathUnescape(mux.Vars(r)["consumer"])
	if all := a.consumersOf(q); err == nil && id == consumerID(q.name) && len(all) == 1 {
		return all[0], nil
	}
	return nil, errNoConsumer(q.name, id)
}

func (a *REST) updateConsumer(r *http.Request, q *Queue) (any, error) {
	if _, err := a.getConsumer(r, q); err != nil {
		return nil, err
	}
	return a.changeConsumer(r, q, func(q *Queue, cfg ConsumerConfig) error { return a.consumers.Update(r.Context(), q, cfg) })
}

func (a *REST) changeConsumer(r *http.Request, q *Queue, change func(*Queue, ConsumerConfig) error) (any, error) {
	var body consumerBody
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	cfg, err := body.config(q.name)
	if err != nil {
		return nil, err
	}
	if err := change(q, cfg); err != nil {
		return nil, err
	}
	return cfg.toJSON(q), nil
}

func (a *REST) removeConsumer(r *http.Request, q *Queue) (any, error) {
	if _, err := a.getConsumer(r, q); err != nil {
		return nil, err
	}
	return nil, a.consumers.Remove(r.Context(), q)
}
