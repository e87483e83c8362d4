package answers

import (
	"context"
	"time"

	"flint/ai/inference"
)

// Pacer is nil when there is nothing to wait for.
func (src *Sources) Pacer(ctx context.Context) *inference.Pacer {
	if src.pace == (inference.Pace{}) {
		return nil
	}
	p := &inference.Pacer{Ctx: ctx, Clock: src.clock, Next: src.pace.FirstToken}
	if src.pace.PerSecond > 0 {
		p.Between = time.Duration(float64(time.Second) / src.pace.PerSecond)
	}
	return p
}
