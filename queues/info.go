package queues

import "time"

// Info is the state of a queue at one moment.
type Info struct {
	Metrics                // everything that is not acknowledged
	Ready           int    // may be delivered now
	Delayed         int    // wait for their moment: a delay, or a retry
	InFlight        int    // in a batch that a Worker works on
	Leased          int    // at a pull consumer
	Dying           int    // on their way to a dead letter queue
	Dead            int    // dead letters of this queue that wait in its dead letter queue
	DeadLetterQueue string // of the consumer; empty when there is none
	Paused          bool
	Retention       time.Duration
	DeliveryDelay   time.Duration

	// DeadFrom counts the messages here that are dead letters of other queues,
	// by the name of those.
	DeadFrom map[string]int
}

// Info counts what the queue holds.
func (q *Queue) Info() Info {
	q.mu.Lock()
	now := q.b.now()
	q.tick(now)
	in := Info{
		Metrics: q.metrics(), Ready: q.n[stReady], Delayed: q.n[stDelayed], InFlight: q.n[stRunning],
		Leased: q.n[stLeased], Dying: q.n[stDead],
		DeadLetterQueue: q.deadLetterQueue(), Paused: q.settings.Paused,
		Retention: q.retention(), DeliveryDelay: q.settings.DeliveryDelay, DeadFrom: map[string]int{},
	}
	for name, n := range q.deadFrom {
		in.DeadFrom[name] = n
	}
	q.arm(now)
	q.mu.Unlock()
	if in.DeadLetterQueue != "" {
		if dlq, ok := q.b.byName(in.DeadLetterQueue); ok {
			in.Dead = dlq.deadOf(q.name)
		}
	}
	return in
}

// deadOf counts the dead letters of another queue.
func (q *Queue) deadOf(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire(q.b.now())
	return q.deadFrom[name]
}
