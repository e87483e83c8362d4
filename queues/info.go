package queues

import "time"

// Info is the state of a queue at one moment.
type Info struct {
	Metrics                // everything that is not acknowledged
	Ready           int    // may be delivered now
	Delayed         int    // wait until they are due: a delay, or a retry
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
	now := q.broker.now()
	q.catchUp(now)
	in := Info{
		Metrics: q.metrics(), Ready: q.countByState[stateReady], Delayed: q.countByState[stateDelayed], InFlight: q.countByState[stateInFlight],
		Leased: q.countByState[stateLeased], Dying: q.countByState[stateDying],
		DeadLetterQueue: q.deadLetterQueue(), Paused: q.settings.Paused,
		Retention: q.retention(), DeliveryDelay: q.settings.DeliveryDelay, DeadFrom: map[string]int{},
	}
	for name, n := range q.deadLettersFrom {
		in.DeadFrom[name] = n
	}
	q.setTimer(now)
	q.mu.Unlock()
	if in.DeadLetterQueue != "" {
		if dlq, ok := q.broker.byName(in.DeadLetterQueue); ok {
			in.Dead = dlq.countDeadLettersFrom(q.name)
		}
	}
	return in
}

// countDeadLettersFrom counts the messages here that are dead letters of another queue.
func (q *Queue) countDeadLettersFrom(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removeExpired(q.broker.now())
	return q.deadLettersFrom[name]
}
