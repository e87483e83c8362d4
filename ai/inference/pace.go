package inference

import (
	"context"
	"time"

	"flint/internal/clock"
)

// Pace is how fast streams are sent. A zero field adds no delay.
type Pace struct {
	FirstToken      time.Duration // before the first event
	EventsPerSecond float64       // events a second after it
}

// Pacer delays the events of one stream, on the emulator's clock: advancing the
// clock lets the stream go on.
type Pacer struct {
	Ctx       context.Context
	Clock     clock.Clock
	NextDelay time.Duration // before the next event
	Interval  time.Duration
}

// Wait blocks until the next event may be sent, or returns the error of the
// caller's context. A nil Pacer does not wait.
func (p *Pacer) Wait() error {
	if p == nil {
		return nil
	}
	d := p.NextDelay
	p.NextDelay = p.Interval
	return Wait(p.Ctx, p.Clock, d)
}

// Wait blocks until d has passed on c, or returns the error of ctx.
func Wait(ctx context.Context, c clock.Clock, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	done := make(chan struct{})
	timer := c.AfterFunc(d, func() { close(done) })
	select {
	case <-done:
		return ctx.Err()
	case <-ctx.Done():
		timer.Stop()
		return ctx.Err()
	}
}
