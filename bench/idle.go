package main

import (
	"context"
	"syscall"
	"time"
)

// settle waits until what earlier loads left behind is done, on all sides: a
// side whose clients have gone may go on with their requests for many seconds,
// and what one has written and the disk has not makes the next one's writes wait.
// After a minute it gives up and the report says so.
func (b *bench) settle(ctx context.Context) error {
	syscall.Sync()
	const look, quiet, most = 50 * time.Millisecond, 10 * time.Millisecond, 1200
	before, _ := b.busy()
	for range most {
		pause(ctx, look)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now, running := b.busy()
		if now-before <= quiet && running == 0 {
			return nil
		}
		before = now
	}
	b.report.note("**Disturbed**: a minute after a load some side was still busy with it while the next was measured.")
	return nil
}

// busy is the processor time that the programs of all sides have used, and how
// many of them run at this moment. The bench itself, which is the Go half of the
// limits, is not in it.
func (b *bench) busy() (cpu time.Duration, running int) {
	for _, s := range b.sides {
		for _, p := range s.running {
			u := usageOf(p.pid)
			cpu, running = cpu+u.cpu, running+u.running
		}
	}
	return cpu, running
}
