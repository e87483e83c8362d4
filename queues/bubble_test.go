package queues

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"flint/internal/clock"
	"flint/queues/journal"
)

// These tests run on the clock that flint runs on, with its timers, in a bubble
// in which hours pass as soon as everybody waits. What a Worker gets is noted
// with the moment at which it came, to the millisecond.

// inBubble runs f with a broker on real time.
func inBubble(t *testing.T, f func(r *rig, w *recorder)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRigAt(t, clock.New())
		f(r, &recorder{clock: r.clock, start: r.clock.Now()})
	})
}

// pass lets time go by until everything that fell due is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// work is what a handler does for some time.
func work(d time.Duration) { time.Sleep(d) }

// hangs is a handler that does not end by itself.
func hangs(ctx context.Context, _ Batch) (Outcome, error) {
	<-ctx.Done()
	return Outcome{}, ctx.Err()
}

// recorder is a Worker that notes what it gets, and when.
type recorder struct {
	clock  clock.Clock
	start  time.Time
	handle func(ctx context.Context, b Batch) (Outcome, error) // nil: every batch is ok

	mu    sync.Mutex
	lines []string // "1m30s: body/attempts body/attempts"
}

func (r *recorder) DeliverQueue(ctx context.Context, b Batch) (Outcome, error) {
	r.note(bodies(b.Messages, nil))
	if r.handle == nil {
		return Outcome{Outcome: "ok"}, nil
	}
	return r.handle(ctx, b)
}

func (r *recorder) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("%v: %s", clock.Since(r.clock, r.start), what))
}

func (r *recorder) want(t *testing.T, lines ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got, want := strings.Join(r.lines, "\n"), strings.Join(lines, "\n"); got != want {
		t.Fatalf("the Worker got\n%s\nwant\n%s", got, want)
	}
}

// A batch goes when it is full, or max_batch_timeout after its first message,
// whichever comes first.
func TestBatchesInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchSize, cfg.MaxBatchTimeout = 3, time.Minute
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(40 * time.Second)
		r.send("jobs", "b")
		pass(10 * time.Second)
		r.send("jobs", "c")
		pass(time.Second)
		r.send("jobs", "d")
		pass(59 * time.Second)
		r.send("jobs", "e")
		pass(time.Hour)
		r.send("jobs", "f")
		pass(time.Hour)
		w.want(r.T, "50s: a/1 b/1 c/1", "1m51s: d/1 e/1", "1h2m50s: f/1")
	})
}

// What nobody set is 10 messages and 5 seconds, one batch after another.
func TestDefaultsInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = func(context.Context, Batch) (Outcome, error) {
			time.Sleep(7 * time.Second)
			return Outcome{Outcome: "ok"}, nil
		}
		r.attach(DefaultConsumer("jobs"), w)
		for i := range 12 {
			r.send("jobs", string(rune('a'+i)))
		}
		pass(time.Hour)
		w.want(r.T, "0s: a/1 b/1 c/1 d/1 e/1 f/1 g/1 h/1 i/1 j/1", "7s: k/1 l/1")
	})
}

// delaySeconds holds a message back by itself; batches form as they fall due.
func TestDelaysInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		r.attach(DefaultConsumer("jobs"), w)
		r.sendLater("jobs", "day", MaxDelay)
		r.sendLater("jobs", "hour", time.Hour)
		r.sendLater("jobs", "more", time.Hour+2*time.Second)
		r.send("jobs", "now")
		pass(2 * MaxDelay)
		w.want(r.T, "5s: now/1", "1h0m5s: hour/1 more/1", "24h0m5s: day/1")
	})
}

// A retry waits for its own delay, else for that of the batch, else for the
// consumer's retry_delay, after which it forms batches like any message.
func TestRetryDelaysInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = func(_ context.Context, b Batch) (Outcome, error) {
			switch {
			case len(b.Messages) == 3:
				return Outcome{Outcome: "exception", Retries: []Retry{
					{ID: b.Messages[0].ID, Delay: secs(7200)}, {ID: b.Messages[1].ID, Delay: secs(0)},
				}}, nil
			case b.Messages[0].Attempts < 3:
				return Outcome{Outcome: "ok", RetryAll: true, RetryAllDelay: secs(30)}, nil
			}
			return Outcome{Outcome: "ok"}, nil
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchSize, cfg.MaxBatchTimeout, cfg.RetryDelay = 3, time.Second, 10*time.Minute
		r.attach(cfg, w)
		r.send("jobs", "own", "none", "default")
		pass(3 * time.Hour)
		w.want(r.T, "0s: own/1 none/1 default/1", "1s: none/2", "32s: none/3",
			"10m1s: default/2", "10m32s: default/3", "2h0m1s: own/2", "2h0m32s: own/3")
	})
}

// A batch that ends after its consumer was taken away, as a reload does it, is
// settled by that consumer's rules.
func TestDetachInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = func(_ context.Context, b Batch) (Outcome, error) {
			time.Sleep(10 * time.Second)
			return Outcome{Outcome: map[bool]string{true: "ok", false: "exception"}[b.Messages[0].Attempts > 1]}, nil
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.RetryDelay = 0, time.Hour
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(5 * time.Second)
		r.b.Detach(r.Context(), "jobs")
		w.note("detached")
		r.attach(cfg, w)
		pass(2 * time.Hour)
		w.want(r.T, "0s: a/1", "10s: detached", "1h0m10s: a/2")
	})
}

// A message has max_retries retries, with retry_delay between them.
func TestLastRetryInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = thrown
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.RetryDelay, cfg.MaxRetries, cfg.DeadLetterQueue = 0, time.Hour, 2, "dead"
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(2*time.Hour - time.Millisecond)
		w.want(r.T, "0s: a/1", "1h0m0s: a/2")
		wantText(r.T, bodies(r.queue("dead").Peek(9)), "")
		pass(24 * time.Hour)
		w.want(r.T, "0s: a/1", "1h0m0s: a/2", "2h0m0s: a/3")
		wantText(r.T, bodies(r.queue("dead").Peek(9)), "a/0")
	})
}

// A Worker that cannot be reached is tried again after 100 ms, then after
// twice as long each time, at last every 30 seconds; no attempt counts. Once it
// was reached the waiting begins anew.
func TestBackoffInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		back := w.start.Add(100 * time.Second)
		w.handle = func(context.Context, Batch) (Outcome, error) {
			if r.clock.Now().Before(back) {
				return Outcome{}, errors.New("reloading")
			}
			return Outcome{Outcome: "ok"}, nil
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout = 0
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(time.Hour)
		back = r.clock.Now().Add(200 * time.Millisecond)
		r.send("jobs", "b")
		pass(time.Hour)
		w.want(r.T, "0s: a/1", "100ms: a/1", "300ms: a/1", "700ms: a/1", "1.5s: a/1", "3.1s: a/1", "6.3s: a/1", "12.7s: a/1",
			"25.5s: a/1", "51.1s: a/1", "1m21.1s: a/1", "1m51.1s: a/1",
			"1h0m0s: b/1", "1h0m0.1s: b/1", "1h0m0.3s: b/1")
	})
}

// A batch has 15 minutes. Then it has failed, all of it: what the handler
// acknowledged until then is known only to the runtime, which does not tell.
func TestHandlerTimeLimitInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = func(ctx context.Context, b Batch) (Outcome, error) {
			if b.Messages[0].Attempts > 2 {
				time.Sleep(15*time.Minute - time.Second)
				return Outcome{Outcome: "ok"}, nil
			}
			return hangs(ctx, b)
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout = 0
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(45*time.Minute - 2*time.Second)
		if n := r.queue("jobs").Info().InFlight; n != 1 {
			t.Errorf("%d messages in flight just before the end", n)
		}
		pass(time.Hour)
		w.want(r.T, "0s: a/1", "15m0s: a/2", "30m0s: a/3")
		if n := r.queue("jobs").Metrics().BacklogCount; n != 0 {
			t.Errorf("%d messages left", n)
		}
		if n := strings.Count(r.logs.String(), "exceededWallTime"); n != 2 {
			t.Errorf("the log tells %d times why:\n%s", n, r.logs)
		}
	})
}

// A lease ends by itself, and each ended lease was an attempt.
func TestLeasesInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		r.attachPull(func(c *ConsumerConfig) { c.MaxRetries, c.DeadLetterQueue = 2, "dead" })
		r.send("jobs", "a")
		q := r.queue("jobs")
		pull := func(visibility time.Duration) {
			ms, _, err := q.Pull(r.Context(), 0, visibility)
			if err != nil {
				r.Fatal(err)
			}
			for _, m := range ms {
				w.note(bodies([]Message{m.Message}, nil))
			}
		}
		pull(MaxVisibility)
		pass(MaxVisibility - time.Millisecond)
		pull(0)
		pass(time.Millisecond)
		pull(0) // 30 seconds
		pass(30*time.Second - time.Millisecond)
		pull(0)
		pass(time.Millisecond)
		pull(time.Hour)
		pass(time.Hour)
		pull(0)
		w.want(r.T, "0s: a/1", "12h0m0s: a/2", "12h0m30s: a/3")
		wantText(r.T, bodies(r.queue("dead").Peek(9)), "a/0")
	})
}

// A message that nobody takes is gone after the retention period, to the
// millisecond; one in a batch is left until the batch has ended.
func TestRetentionInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		events := r.b.Watch(100)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range events.Events() {
				if e.Kind == EventExpired || e.Kind == EventRetried {
					w.note(string(e.Kind) + " " + e.Queue)
				}
			}
		}()
		r.send("idle", "a")
		r.sendLater("short", "b", 10*time.Minute)
		if err := r.queue("short").configure(func(s *journal.Settings) { s.Retention = MinRetention }); err != nil {
			r.Fatal(err)
		}
		if err := r.queue("jobs").configure(func(s *journal.Settings) { s.Retention = 5 * time.Minute }); err != nil {
			r.Fatal(err)
		}
		w.handle = func(ctx context.Context, _ Batch) (Outcome, error) {
			time.Sleep(8 * time.Minute)
			return Outcome{Outcome: "exception"}, nil
		}
		r.attach(DefaultConsumer("jobs"), w)
		r.send("jobs", "c")
		pass(30 * 24 * time.Hour)
		events.Close()
		<-done
		w.want(r.T, "5s: c/1", "1m0s: expired short", "8m5s: retried jobs", "8m5s: expired jobs", "96h0m0s: expired idle")
	})
}

// A pause holds what falls due, delays go on, and resuming delivers it at once.
func TestPauseInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		r.attach(DefaultConsumer("jobs"), w)
		r.sendLater("jobs", "late", time.Hour)
		r.sendLater("jobs", "later", 3*time.Hour)
		if err := r.queue("jobs").Pause(); err != nil {
			r.Fatal(err)
		}
		pass(2 * time.Hour)
		if err := r.queue("jobs").Resume(); err != nil {
			r.Fatal(err)
		}
		pass(10 * time.Hour)
		w.want(r.T, "2h0m0s: late/1", "3h0m5s: later/1")
	})
}

// Close gives a running batch five seconds, and no more.
func TestCloseInTime(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = hangs
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout = 0
		r.attach(cfg, w)
		r.send("jobs", "a")
		pass(time.Minute)
		if err := r.b.Close(); err != nil {
			r.Fatal(err)
		}
		w.note("closed")
		w.want(r.T, "0s: a/1", "1m5s: closed")
	})
}
