package main

import (
	"context"
	"syscall"
	"time"
)

// waitUntilIdle waits until all sides have finished the work that earlier loads left: a
// side may go on with requests for many seconds after its clients have disconnected,
// and unwritten pages of one side delay the next one's writes, so it also syncs the
// disk. After a minute it gives up and the report says so.
func (b *bench) waitUntilIdle(ctx context.Context) error {
	syscall.Sync()
	const interval, maxCPU, maxChecks = 50 * time.Millisecond, 10 * time.Millisecond, 1200
	before, _ := b.activity()
	for range maxChecks {
		pause(ctx, interval)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now, running := b.activity()
		if now-before <= maxCPU && running == 0 {
			return nil
		}
		before = now
	}
	b.report.note("**Disturbed**: a minute after a load some side was still busy with it while the next was measured.")
	return nil
}

// activity returns the processor time that the processes of all sides have used and how
// many of them are running now. The bench itself, in which the Go part of the limits
// runs, is not counted.
func (b *bench) activity() (cpu time.Duration, running int) {
	for _, s := range b.sides {
		for _, p := range s.running {
			u := usageOf(p.pid)
			cpu, running = cpu+u.cpu, running+u.running
		}
	}
	return cpu, running
}
