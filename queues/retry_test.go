package queues

import (
	"context"
	"strings"
	"testing"
	"time"
)

func secs(n int) *time.Duration {
	d := time.Duration(n) * time.Second
	return &d
}

func TestThrowRetriesAllButTheAcked(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	w.set(func(_ context.Context, b Batch) (Outcome, error) {
		return Outcome{Outcome: "exception", ExplicitAcks: []string{b.Messages[0].ID}}, nil
	})
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout = time.Second
	r.attach(cfg, w)
	r.send("jobs", "a", "b", "c")
	r.advance(time.Second)
	w.want(t, "a/1 b/1 c/1")
	r.advance(time.Second)
	w.want(t, "b/2 c/2")
	r.advance(time.Second)
	w.want(t, "c/3")
	r.advance(time.Hour)
	w.want(t)
}

func TestRetriesThenDropped(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{handle: thrown}
	r.attach(DefaultConsumer("jobs"), w)
	r.send("jobs", "a")
	id := peek(r.queue("jobs"), 1)[0].ID
	r.advance(time.Hour)
	w.want(t, "a/1", "a/2", "a/3", "a/4")
	if n := r.queue("jobs").Metrics().BacklogCount; n != 0 {
		t.Fatalf("%d messages left", n)
	}
	if logs := r.logs.String(); !strings.Contains(logs, "message dropped") || !strings.Contains(logs, id) {
		t.Fatalf("no warning with the id %s in:\n%s", id, logs)
	}
}

func TestDeadLetterQueue(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{handle: thrown}
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.DeadLetterQueue = 0, "jobs-dead"
	r.attach(cfg, w)
	r.send("jobs", "a", "b")
	before := peek(r.queue("jobs"), 2)
	r.advance(time.Minute)
	w.want(t, "a/1 b/1")
	for range 2 {
		dead := peek(r.queue("jobs-dead"), 10)
		if len(dead) != 2 || dead[0].ID != before[0].ID || !dead[1].Timestamp.Equal(before[1].Timestamp) {
			t.Fatalf("dead letters %v, want %v", dead, before)
		}
		wantText(t, bodies(dead, nil), "a/0 b/0")
		if n := r.queue("jobs").Metrics().BacklogCount; n != 0 {
			t.Fatalf("%d messages left at the source", n)
		}
		r.reopen()
	}
	// The retention of a dead letter counts from its arrival.
	r.advance(DefaultRetention - 2*time.Minute)
	wantText(t, bodies(r.queue("jobs-dead").Peek(10)), "a/0 b/0")
	r.advance(3 * time.Minute)
	wantText(t, bodies(r.queue("jobs-dead").Peek(10)), "")
}

func TestRetryDelays(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	w.set(func(_ context.Context, b Batch) (Outcome, error) {
		if b.Messages[0].Attempts > 1 {
			return Outcome{Outcome: "ok"}, nil
		}
		return Outcome{Outcome: "ok", RetryAll: true, RetryAllDelay: secs(20), Retries: []Retry{
			{ID: b.Messages[0].ID, Delay: secs(40)}, {ID: b.Messages[1].ID},
		}}, nil
	})
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.RetryDelay, cfg.MaxBatchSize = 0, 30*time.Second, 4
	for _, s := range []string{"own", "default", "batch"} {
		r.send("jobs", s)
	}
	r.attach(cfg, w)
	r.quiesce()
	w.want(t, "own/1 default/1 batch/1")
	r.advance(20 * time.Second)
	w.want(t, "batch/2")
	r.advance(10 * time.Second)
	w.want(t, "default/2")
	r.advance(10 * time.Second)
	w.want(t, "own/2")
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		out  func(ids []string) Outcome
		left string
	}{
		{"return", func([]string) Outcome { return Outcome{Outcome: "ok"} }, ""},
		{"throw", func([]string) Outcome { return Outcome{Outcome: "exception"} }, "a/1 b/1 c/1"},
		{"cpu", func([]string) Outcome { return Outcome{Outcome: "exceededCpu"} }, "a/1 b/1 c/1"},
		{"ackAll then throw", func([]string) Outcome { return Outcome{Outcome: "exception", AckAll: true} }, ""},
		{"retryAll", func([]string) Outcome { return Outcome{Outcome: "ok", RetryAll: true} }, "a/1 b/1 c/1"},
		{"ack beats retryAll", func(ids []string) Outcome {
			return Outcome{Outcome: "ok", RetryAll: true, ExplicitAcks: ids[1:2]}
		}, "a/1 c/1"},
		{"retry beats ackAll", func(ids []string) Outcome {
			return Outcome{Outcome: "ok", AckAll: true, Retries: []Retry{{ID: ids[1]}}}
		}, "b/1"},
		{"unknown ids", func([]string) Outcome {
			return Outcome{Outcome: "ok", ExplicitAcks: []string{"x", strings.Repeat("0", 32)}, Retries: []Retry{{ID: ""}}}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, w := newRig(t), &script{}
			w.set(func(_ context.Context, b Batch) (Outcome, error) {
				var ids []string
				for _, m := range b.Messages {
					ids = append(ids, m.ID)
				}
				return c.out(ids), nil
			})
			r.attach(DefaultConsumer("jobs"), w)
			r.send("jobs", "a", "b", "c")
			r.advance(5 * time.Second)
			wantText(t, bodies(r.queue("jobs").Peek(10)), c.left)
		})
	}
}
