package queues

import "net/http"

// infoJSON is flint's own description of a queue, with Cloudflare's metrics.
type infoJSON struct {
	metricsJSON
	Ready           int            `json:"ready"`
	Delayed         int            `json:"delayed"`
	InFlight        int            `json:"in_flight"` // in Workers
	Leased          int            `json:"leased"`    // at pull consumers
	Dead            int            `json:"dead"`      // of this queue, in its dead letter queue or on the way
	DeadLetterQueue string         `json:"dead_letter_queue,omitempty"`
	DeadFrom        map[string]int `json:"dead_from"` // dead letters of other queues in this one
	Queue           queueJSON      `json:"queue"`
}

// info answers GET /queues/{queue}/info, which is flint's own.
func (a *REST) info(_ *http.Request, q *Queue) (any, error) {
	in := q.Info()
	if cfg, ok := a.consumers.Of(q); ok && in.DeadLetterQueue == "" { // nobody runs it
		in.DeadLetterQueue = cfg.DeadLetterQueue
		if dlq, ok := a.broker.byName(cfg.DeadLetterQueue); ok {
			in.Dead = dlq.countDeadLettersFrom(q.name)
		}
	}
	return infoJSON{
		metricsJSON: metricsJSONOf(in.Metrics), Ready: in.Ready, Delayed: in.Delayed, InFlight: in.InFlight, Leased: in.Leased,
		Dead: in.Dead + in.Dying, DeadLetterQueue: in.DeadLetterQueue, DeadFrom: in.DeadFrom, Queue: a.toJSON(q),
	}, nil
}

// redrive answers POST /queues/{queue}/redrive {to, from, limit}, which is
// flint's own: it sends dead letters back.
func (a *REST) redrive(r *http.Request, q *Queue) (any, error) {
	var body struct {
		To, From string
		Limit    int
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if body.Limit < 0 {
		return nil, errSchema("limit %d is invalid: it must not be negative", body.Limit)
	}
	moved, err := q.Redrive(r.Context(), RedriveOptions{To: body.To, From: body.From, Limit: body.Limit})
	if err != nil {
		return nil, err
	}
	return map[string]int{"moved": moved}, nil
}
