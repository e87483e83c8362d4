package queues

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

// most is a Worker whose batches take a second, and that notes how many run at
// once when one begins.
type most struct {
	q       *Queue
	outcome string
	running []int
}

func (w *most) DeliverQueue(context.Context, Batch) (Outcome, error) {
	w.q.mu.Lock()
	w.running = append(w.running, w.q.consumer.running)
	outcome := w.outcome
	w.q.mu.Unlock()
	work(time.Second)
	return Outcome{Outcome: outcome}, nil
}

// seen is what was noted since the last call.
func (w *most) seen() []int {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	running := w.running
	w.running = nil
	return running
}

// Without max_concurrency the number of batches that run at once follows the
// backlog: one more for each ten full batches that wait, eight at most.
func TestConcurrencyFollowsTheBacklog(t *testing.T) {
	inBubble(t, func(r *rig, _ *recorder) {
		w := &most{q: r.queue("jobs"), outcome: "ok"}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.MaxBatchSize = 0, 10
		for _, c := range []struct{ backlog, want int }{{50, 1}, {109, 1}, {110, 2}, {330, 4}, {2000, 8}} {
			for range c.backlog {
				r.send("jobs", "x")
			}
			r.attach(cfg, w)
			pass(time.Millisecond)
			if n := slices.Max(w.seen()); n != c.want {
				t.Errorf("a backlog of %d: %d batches at once, want %d", c.backlog, n, c.want)
			}
			pass(time.Hour)
			if rest := w.seen(); rest[len(rest)-1] != 1 {
				t.Errorf("a backlog of %d: batches at once %v, want 1 in the end", c.backlog, rest)
			}
			r.b.Detach(context.Background(), "jobs")
		}
	})
}

// It falls to one while batches fail, and grows again when they do not.
func TestConcurrencyFallsWhileBatchesFail(t *testing.T) {
	inBubble(t, func(r *rig, _ *recorder) {
		w := &most{q: r.queue("jobs"), outcome: "exception"}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.MaxBatchSize, cfg.MaxRetries = 0, 1, 100
		for range 41 {
			r.send("jobs", "x")
		}
		r.attach(cfg, w)
		pass(10 * time.Second)
		if n := w.seen(); len(n) < 10 || slices.Max(n[:4]) != 4 || slices.Max(n[4:]) != 1 {
			t.Errorf("batches at once while they fail: %v, want 4 at first and then 1", n)
		}
		w.q.mu.Lock()
		w.outcome = "ok"
		w.q.mu.Unlock()
		pass(time.Hour)
		if n := w.seen(); slices.Max(n) != 4 {
			t.Errorf("batches at once when they succeed again: %v, want up to 4", n)
		}
	})
}

// A queue holds so many bytes and no more. It refuses what does not fit, whole,
// says so once, and takes more when there is room.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.b.maxBacklogBytes = 1000
	q := r.queue("jobs")
	send := func(sizes ...int) string {
		out := make([]Outgoing, len(sizes))
		for i, n := range sizes {
			out[i] = Outgoing{ContentType: "bytes", Body: make([]byte, n)}
		}
		if _, err := q.Send(t.Context(), out); err != nil {
			return err.Error()
		}
		return "taken"
	}
	full := errBacklog("jobs", 1000).Error()
	for _, c := range []struct {
		sizes []int
		want  string
	}{
		{[]int{600, 300}, "taken"}, {[]int{50, 51}, full}, {[]int{101}, full}, {[]int{100}, "taken"}, {[]int{1}, full}, {[]int{0}, "taken"},
	} {
		if got := send(c.sizes...); got != c.want {
			t.Errorf("a send of %v: %s, want %s", c.sizes, got, c.want)
		}
	}
	if m := q.Metrics(); m.BacklogBytes != 1000 || m.BacklogCount != 4 {
		t.Errorf("the full queue holds %+v", m)
	}
	r.reopen()
	q, r.b.maxBacklogBytes = r.queue("jobs"), 1000
	if got := send(1); got != full {
		t.Errorf("after a restart: %s", got)
	}
	if n := strings.Count(r.logs.String(), "a queue is full"); n != 3 { // anew after each message that was taken
		t.Errorf("said %d times:\n%s", n, r.logs)
	}
	if err := q.Purge(); err != nil {
		t.Fatal(err)
	}
	if got := send(1000); got != "taken" {
		t.Errorf("after a purge: %s", got)
	}
}
