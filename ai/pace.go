package ai

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

// pacer keeps one stream to its pace, on the emulator's clock: moving the clock
// moves the stream.
type pacer struct {
	ctx     context.Context
	clock   clock.Clock
	next    time.Duration // the wait before the next event
	between time.Duration
}

// pacer is nil when there is nothing to wait for.
func (m *Models) pacer(ctx context.Context) *pacer {
	if m.pace == (Pace{}) {
		return nil
	}
	p := &pacer{ctx: ctx, clock: m.clock, next: m.pace.FirstToken}
	if m.pace.PerSecond > 0 {
		p.between = time.Duration(float64(time.Second) / m.pace.PerSecond)
	}
	return p
}

// wait returns when the next event may go out, or the error of a caller who left.
func (p *pacer) wait() error {
	if p == nil {
		return nil
	}
	d := p.next
	p.next = p.between
	return wait(p.ctx, p.clock, d)
}

// wait lets d pass on c.
func wait(ctx context.Context, c clock.Clock, d time.Duration) error {
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
