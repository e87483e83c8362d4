package queues

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Everything that a journal can say of a message is there after a compaction,
// and again after a restart.
func TestRewriteKeepsEverything(t *testing.T) {
	t.Parallel()
	r := pullRig(t, func(c *ConsumerConfig) { c.MaxRetries = 9 })
	q := r.queue("jobs")
	kept := DefaultConsumer("jobs")
	kept.MaxRetries = 5
	if err := q.SaveConsumer(&kept); err != nil {
		t.Fatal(err)
	}
	r.send("jobs", "gone", "leased", "retried", "ready", "")
	r.sendLater("jobs", "delayed", time.Hour)
	ids := r.pull(3, 2*time.Hour, "gone/1 leased/1 retried/1")
	r.settle(ids[:1], []LeaseRetry{{Lease: ids[2], Delay: secs(60)}}, 1, 1)
	q.mu.Lock()
	q.byArrival.at(3).Origin = q.originIndex("elsewhere") // "ready" is a dead letter
	q.countOrigin(q.byArrival.at(3), 1)
	q.mu.Unlock()
	want, err := q.Peek(9)
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"after a rewrite", "after another", "after a restart"} {
		if when == "after a restart" {
			r.reopen()
			r.attachPull(func(c *ConsumerConfig) { c.MaxRetries = 9 })
			q = r.queue("jobs")
		} else if err := q.rewrite(); err != nil {
			t.Fatal(err)
		}
		got, err := q.Peek(9)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s: %v, want %v; %v", when, got, want, err)
		}
		in := q.Info()
		if k, ok := q.SavedConsumer(); in.Leased != 1 || in.Delayed != 2 || in.Ready != 2 || in.DeadFrom["elsewhere"] != 1 || !ok || k.MaxRetries != 5 {
			t.Fatalf("%s: %+v, kept %+v", when, in, k)
		}
	}
	r.settle(ids[1:2], nil, 1, 0)
	r.advance(time.Hour)
	r.pull(9, time.Minute, "ready/1 /1 retried/2 delayed/1")
}

// Senders, consumers and compactions, all at once: nothing is lost, and every
// body is read from where it is.
func TestRewriteBesideSendersAndConsumers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.queue("jobs")
	var mu sync.Mutex
	got := map[string]int{}
	w := &script{handle: func(_ context.Context, b Batch) (Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		out := Outcome{Outcome: "ok"}
		for i, m := range b.Messages {
			if i%7 == 3 && m.Attempts == 1 {
				out.Retries = append(out.Retries, Retry{ID: m.ID})
				continue
			}
			got[string(m.Body)]++
		}
		return out, nil
	}}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.MaxConcurrency = 0, 3
	r.attach(cfg, w)
	const senders, each = 4, 300
	done := make(chan struct{})
	var rewrites, sends sync.WaitGroup
	rewrites.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := q.rewrite(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for s := range senders {
		sends.Go(func() {
			for i := range each {
				body := fmt.Sprintf("%d-%d-%s", s, i, strings.Repeat("x", i%50*10))
				if _, err := q.Send(t.Context(), []Outgoing{{ContentType: "text", Body: []byte(body)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sends.Wait()
	r.quiesce()
	close(done)
	rewrites.Wait()
	for s := range senders {
		for i := range each {
			body := fmt.Sprintf("%d-%d-%s", s, i, strings.Repeat("x", i%50*10))
			if got[body] != 1 {
				t.Fatalf("message %d-%d was acknowledged %d times", s, i, got[body])
			}
		}
	}
	if n := r.copyOf().queue("jobs").Metrics().BacklogCount; n != 0 {
		t.Fatalf("%d messages are back after a restart", n)
	}
}

// A deleted queue ends its compaction.
func TestDeleteDuringACompaction(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.queue("jobs")
	r.send("jobs", "a")
	rw, err := q.beginRewrite()
	if err != nil {
		t.Fatal(err)
	}
	deleted := make(chan error)
	go func() { deleted <- r.b.Delete("jobs") }()
	for { // until the queue is closed; then the compaction notices
		if err := rw.writeChunk(); err != nil {
			break
		}
		rw.nextSeq = 0
	}
	if err := rw.rewriting.End(); err != nil {
		t.Fatal(err)
	}
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
}

// A backlog that is being drained is not copied on the way: the journal is
// rewritten when there is nothing left in it.
func TestDrainingIsNotInterrupted(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		fill(r, r.b, 20_000, 1000)
		q := r.queue("jobs")
		before, shrunk := q.log.Size(), 0
		w.handle = func(context.Context, Batch) (Outcome, error) {
			if q.log.Size() < before {
				shrunk++
			}
			return Outcome{Outcome: "ok"}, nil
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.MaxBatchSize, cfg.MaxConcurrency = 0, 100, 1
		r.attach(cfg, w)
		synctest.Wait()
		if size := q.log.Size(); size > 1000 || shrunk > 0 {
			t.Errorf("%d bytes of journal are left, and it was rewritten before %d of 200 batches", size, shrunk)
		}
	})
}

// A queue whose consumer never rests is rewritten all the same.
func TestBusyQueueIsRewritten(t *testing.T) {
	inBubble(t, func(r *rig, w *recorder) {
		w.handle = func(_ context.Context, b Batch) (Outcome, error) {
			if string(b.Messages[0].Body) == "slow" {
				time.Sleep(time.Minute)
			}
			return Outcome{Outcome: "ok"}, nil
		}
		cfg := DefaultConsumer("jobs")
		cfg.MaxBatchTimeout, cfg.MaxBatchSize, cfg.MaxConcurrency = 0, 1, 2
		r.attach(cfg, w)
		r.send("jobs", "slow")
		most := int64(0)
		for range 200 {
			r.send("jobs", strings.Repeat("x", 100_000))
			synctest.Wait()
			most = max(most, r.queue("jobs").log.Size())
		}
		if most < minGarbageBytes || most > 2*minGarbageBytes+200_000 {
			t.Errorf("the journal of 20 MB of messages was at most %d bytes long", most)
		}
	})
}
