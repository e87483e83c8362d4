package answers

import (
	"context"
	"errors"
	"testing"
	"time"

	"flint/ai/inference"
	"flint/internal/clock"
)

// recordingClock is a clock that says when somebody began to wait.
type recordingClock struct {
	*clock.Virtual
	waits chan struct{}
}

// AfterFunc implements clock.Clock.
func (w *recordingClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	timer := w.Virtual.AfterFunc(d, f)
	w.waits <- struct{}{}
	return timer
}

// TestPaceEndsWithItsCaller waits for a token that the caller does not.
func TestPaceEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	clk := &recordingClock{clock.NewFrozen(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), make(chan struct{}, 1)}
	t.Cleanup(clk.Close)
	ctx, cancel := context.WithCancel(t.Context())
	p := (&Sources{clock: clk, pace: inference.Pace{FirstToken: time.Hour}}).Pacer(ctx)
	go func() { <-clk.waits; cancel() }()
	if err := p.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
