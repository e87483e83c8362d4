package inference

import (
	"context"
	"time"

	"flint/internal/clock"
)

// Pace is how fast streams come. A zero field does not wait.
type Pace struct {
	FirstToken time.Duration // before the first event
	PerSecond  float64       // events a second after it
}

// Pacer keeps one stream to its pace, on the emulator's clock: moving the clock
// moves the stream.
type Pacer struct {
	Ctx     context.Context
	Clock   clock.Clock
	Next    time.Duration // the wait before the next event
	Between time.Duration
}

// Wait returns when the next event may go out, or the error of a caller who left.
func (p *Pacer) Wait() error {
	if p == nil {
		return nil
	}
	d := p.Next
	p.Next = p.Between
	return Wait(p.Ctx, p.Clock, d)
}

// Wait lets d pass on c.
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
