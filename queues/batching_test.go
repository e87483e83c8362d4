package queues

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"flint/queues/journal"
)

func TestFullBatchGoesAtOnce(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchSize = 2
	r.attach(cfg, w)
	r.send("jobs", "a", "b", "c")
	r.quiesce()
	w.want(t, "a/1 b/1")
	r.advance(5*time.Second - time.Millisecond)
	w.want(t)
	r.advance(time.Millisecond)
	w.want(t, "c/1")
	if m := r.queue("jobs").Metrics(); m.BacklogCount != 0 || m.BacklogBytes != 0 || !m.OldestMessage.IsZero() {
		t.Fatalf("metrics of a drained queue: %+v", m)
	}
}

func TestTimeoutCountsFromFirstMessage(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.attach(DefaultConsumer("jobs"), w)
	r.send("jobs", "a")
	r.advance(4 * time.Second)
	r.send("jobs", "b")
	r.advance(time.Second)
	w.want(t, "a/1 b/1")
}

func TestZeroTimeoutDeliversAtOnce(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout = 0
	r.attach(cfg, w)
	r.send("jobs", "a")
	r.quiesce()
	w.want(t, "a/1")
}

func TestAdvanceWaitsForTheHandler(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	entered, release := make(chan struct{}), make(chan struct{})
	w := &script{handle: func(context.Context, Batch) (Outcome, error) {
		close(entered)
		<-release
		return Outcome{Outcome: "ok"}, nil
	}}
	r.attach(DefaultConsumer("jobs"), w)
	r.send("jobs", "a")
	done := make(chan struct{})
	go func() { defer close(done); r.advance(5 * time.Second) }()
	<-entered
	select {
	case <-done:
		t.Fatal("Advance returned before the handler")
	default:
	}
	close(release)
	<-done
	if n := r.queue("jobs").Metrics().BacklogCount; n != 0 {
		t.Fatalf("%d messages left after Advance", n)
	}
}

func TestDelayedMessages(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.attach(DefaultConsumer("jobs"), w)
	r.sendLater("jobs", "late", time.Minute)
	r.sendLater("jobs", "sooner", 30*time.Second)
	r.send("jobs", "now")
	r.advance(5 * time.Second)
	w.want(t, "now/1")
	r.advance(30 * time.Second)
	w.want(t, "sooner/1")
	r.reopen()
	r.attach(DefaultConsumer("jobs"), w)
	r.advance(30*time.Second - time.Millisecond)
	w.want(t)
	r.advance(time.Millisecond)
	w.want(t, "late/1")
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ limit, want int }{{1, 1}, {3, 3}, {0, 4}} {
		r := newRig(t)
		entered, release := make(chan struct{}, 100), make(chan struct{})
		w := &script{handle: func(context.Context, Batch) (Outcome, error) {
			entered <- struct{}{}
			<-release
			return Outcome{Outcome: "ok"}, nil
		}}
		for range 41 {
			r.send("jobs", "x")
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchSize, cfg.MaxConcurrency = 1, c.limit
		r.attach(cfg, w)
		for range c.want {
			<-entered
		}
		q := r.queue("jobs")
		q.mu.Lock()
		running := q.consumer.running
		q.mu.Unlock()
		if running != c.want {
			t.Errorf("max_concurrency %d: %d batches at once, want %d", c.limit, running, c.want)
		}
		close(release)
		r.quiesce()
		if n := q.Metrics().BacklogCount; n != 0 {
			t.Errorf("max_concurrency %d: %d messages left", c.limit, n)
		}
	}
}

func TestWithoutConsumerMessagesStay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "a", "b")
	r.advance(time.Hour)
	wantText(t, bodies(r.queue("jobs").Peek(10)), "a/0 b/0")
	w := &script{}
	r.attach(DefaultConsumer("jobs"), w)
	r.quiesce()
	w.want(t, "a/1 b/1") // they have waited long enough
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.attach(DefaultConsumer("jobs"), w)
	q := r.queue("jobs")
	if err := q.Pause(); err != nil {
		t.Fatal(err)
	}
	r.send("jobs", "a")
	r.advance(time.Minute)
	w.want(t)
	r.reopen()
	r.attach(DefaultConsumer("jobs"), w)
	r.advance(time.Minute)
	w.want(t)
	if q = r.queue("jobs"); !q.Paused() {
		t.Fatal("the pause did not survive a restart")
	}
	if err := q.Resume(); err != nil {
		t.Fatal(err)
	}
	r.quiesce()
	w.want(t, "a/1")
}

func TestRetention(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "old")
	r.advance(time.Hour)
	r.send("jobs", "young")
	r.advance(DefaultRetention - time.Hour - time.Millisecond)
	wantText(t, bodies(r.queue("jobs").Peek(10)), "old/0 young/0")
	r.advance(time.Millisecond)
	wantText(t, bodies(r.queue("jobs").Peek(10)), "young/0")
	r.reopen()
	if m := r.queue("jobs").Metrics(); m.BacklogCount != 1 || m.BacklogBytes != 5 {
		t.Fatalf("after a restart: %+v", m)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "a", "b")
	r.sendLater("jobs", "c", time.Hour)
	if err := r.queue("jobs").Purge(); err != nil {
		t.Fatal(err)
	}
	r.send("jobs", "d")
	for range 2 {
		wantText(t, bodies(r.queue("jobs").Peek(10)), "d/0")
		if n := r.queue("jobs").Metrics().BacklogCount; n != 1 {
			t.Fatalf("backlog %d, want 1", n)
		}
		r.reopen()
	}
}

func TestPurgeDuringDelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := &script{}
	w.set(func(context.Context, Batch) (Outcome, error) {
		if err := r.queue("jobs").Purge(); err != nil {
			t.Error(err)
		}
		return Outcome{Outcome: "exception"}, nil
	})
	r.attach(DefaultConsumer("jobs"), w)
	r.send("jobs", "a")
	r.advance(time.Hour)
	w.want(t, "a/1")
	if m := r.queue("jobs").Metrics(); m.BacklogCount != 0 || m.BacklogBytes != 0 {
		t.Fatalf("a purged message came back: %+v", m)
	}
}

func TestUnreachableWorker(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	w.set(func(context.Context, Batch) (Outcome, error) { return Outcome{}, errors.New("reloading") })
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchSize = 2
	c := r.attach(cfg, w)
	r.send("jobs", "a", "b", "c")
	r.advance(time.Minute)
	w.mu.Lock()
	tries := len(w.batches)
	w.batches = nil
	w.mu.Unlock()
	if tries < 5 || tries > 12 {
		t.Errorf("%d tries in a minute", tries)
	}
	if n := strings.Count(r.logs.String(), "cannot be reached"); n != 1 {
		t.Errorf("said %d times", n)
	}
	w.set(nil)
	c.Wake()
	r.quiesce()
	w.want(t, "a/1 b/1", "c/1")
}

func TestOneConsumerAQueue(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.attach(DefaultConsumer("jobs"), w)
	if _, err := r.b.Attach(DefaultConsumer("jobs"), w); !errors.Is(err, errHasConsumer("jobs")) {
		t.Fatalf("second consumer: %v", err)
	}
	r.b.Detach(context.Background(), "jobs")
	r.send("jobs", "a")
	r.advance(time.Minute)
	w.want(t)
	r.attach(DefaultConsumer("jobs"), w)
	r.quiesce()
	w.want(t, "a/1")
}

// The retention of all queues holds for those that have none of their own.
func TestRetentionOfTheBroker(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("own", "a")
	if err := r.queue("own").configure(func(s *journal.Settings) { s.Retention = 2 * time.Hour }); err != nil {
		t.Fatal(err)
	}
	r.send("jobs", "b")
	if err := r.b.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(Options{Dir: r.dir, Clock: r.clock, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	r.b = b
	if err := b.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	wantText(t, bodies(r.queue("own").Peek(9))+"|"+bodies(r.queue("jobs").Peek(9)), "a/0|")
	r.advance(time.Hour)
	wantText(t, bodies(r.queue("own").Peek(9)), "")
}
