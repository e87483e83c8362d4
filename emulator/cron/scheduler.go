package cron

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"flint/internal/clock"
)

// handlerLimit is how long a scheduled() handler may run.
// https://developers.cloudflare.com/workers/platform/limits/#duration
const handlerLimit = 15 * time.Minute

// Target runs a Worker's scheduled() handler; *worker.Worker satisfies it.
type Target interface {
	Scheduled(ctx context.Context, cron string, at time.Time) error
}

// Scheduler fires cron triggers on the emulator's clock.
type Scheduler struct {
	clock clock.Clock
	log   *slog.Logger

	mu      sync.Mutex
	entries []*entry
	ctx     context.Context // nil until Start
	stop    context.CancelFunc
	running sync.WaitGroup
}

type entry struct {
	worker   string
	schedule Schedule
	target   Target
	timer    clock.Timer
}

// New returns a Scheduler without entries.
func New(c clock.Clock, log *slog.Logger) *Scheduler { return &Scheduler{clock: c, log: log} }

// Add schedules a Worker's cron trigger. Call it before Start.
func (s *Scheduler) Add(worker, expr string, target Target) error {
	schedule, err := Parse(expr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, &entry{worker: worker, schedule: schedule, target: target})
	return nil
}

// Start begins to fire.
func (s *Scheduler) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, e := range s.entries {
		s.arm(e, s.clock.Now())
	}
}

// arm sets e's timer to its next time after t. The caller holds mu.
func (s *Scheduler) arm(e *entry, t time.Time) {
	next := e.schedule.Next(t)
	if next.IsZero() {
		return
	}
	e.timer = s.clock.AfterFunc(next.Sub(s.clock.Now()), func() { s.fire(e, next) })
}

// fire runs the handler and then arms the next time. What fell due while the
// handler ran is passed over.
func (s *Scheduler) fire(e *entry, at time.Time) {
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return
	}
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()
	ctx, cancel := context.WithTimeout(s.ctx, handlerLimit)
	defer cancel()
	if err := e.target.Scheduled(ctx, e.schedule.String(), at); err != nil && s.ctx.Err() == nil {
		s.log.Error("a cron trigger failed", "worker", e.worker, "cron", e.schedule.String(), "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	from := at
	if now := s.clock.Now(); now.Sub(at) > time.Minute {
		from = now
	}
	s.arm(e, from)
}

// Entry is a scheduled trigger.
type Entry struct {
	Worker string    `json:"worker"`
	Cron   string    `json:"cron"`
	Next   time.Time `json:"next"`
}

// List tells what is scheduled.
func (s *Scheduler) List() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Entry, len(s.entries))
	for i, e := range s.entries {
		out[i] = Entry{e.worker, e.schedule.String(), e.schedule.Next(s.clock.Now())}
	}
	return out
}

// Close stops firing and waits for handlers that run.
func (s *Scheduler) Close() {
	s.mu.Lock()
	if s.stop != nil {
		s.stop()
	}
	for _, e := range s.entries {
		if e.timer != nil {
			e.timer.Stop()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
}
