package answers

import (
	"context"
	"time"

	"flint/ai/inference"
)

// Pacer is a pacer for one stream, or nil when streams are not slowed down.
func (src *Sources) Pacer(ctx context.Context) *inference.Pacer {
	if src.pace == (inference.Pace{}) {
		return nil
	}
	p := &inference.Pacer{Ctx: ctx, Clock: src.clock, NextDelay: src.pace.FirstToken}
	if src.pace.EventsPerSecond > 0 {
		p.Interval = time.Duration(float64(time.Second) / src.pace.EventsPerSecond)
	}
	return p
}
