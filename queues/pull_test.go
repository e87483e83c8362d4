package queues

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
)

// pullRig is a rig whose queue "jobs" has a pull consumer.
func pullRig(t *testing.T, change func(*ConsumerConfig)) *rig {
	t.Helper()
	r := newRig(t)
	r.attachPull(change)
	return r
}

func (r *rig) attachPull(change func(*ConsumerConfig)) {
	r.Helper()
	cfg := DefaultConsumer("jobs")
	cfg.Type = HTTPPull
	if change != nil {
		change(&cfg)
	}
	if _, err := r.b.Attach(cfg, nil); err != nil {
		r.Fatal(err)
	}
}

// pull leases up to n messages for a visibility timeout and checks them.
func (r *rig) pull(n int, visibility time.Duration, want string) []LeaseID {
	r.Helper()
	leased, _, err := r.queue("jobs").Pull(context.Background(), n, visibility)
	if err != nil {
		r.Fatal(err)
	}
	ids := make([]LeaseID, len(leased))
	words := make([]string, len(leased))
	for i, l := range leased {
		ids[i], words[i] = l.Lease, fmt.Sprintf("%s/%d", l.Body, l.Attempts)
	}
	wantText(r.T, strings.Join(words, " "), want)
	return ids
}

func (r *rig) settle(acks []LeaseID, retries []LeaseRetry, acked, retried int, warnings ...string) {
	r.Helper()
	a, b, w, err := r.queue("jobs").Settle(acks, retries)
	if err != nil {
		r.Fatal(err)
	}
	if a != acked || b != retried || len(w) != len(warnings) {
		r.Fatalf("%d acked, %d retried, warnings %v; want %d, %d, %v", a, b, w, acked, retried, warnings)
	}
	for _, text := range warnings {
		found := false
		for _, got := range w {
			found = found || got == text
		}
		if !found {
			r.Fatalf("warnings %v, want %q", w, text)
		}
	}
}

func TestPullAndAck(t *testing.T) {
	t.Parallel()
	r := pullRig(t, nil)
	for i := range 7 {
		r.send("jobs", fmt.Sprint("m", i))
	}
	r.sendLater("jobs", "later", time.Minute)
	_, backlog, err := r.queue("jobs").Pull(context.Background(), 1, time.Second)
	if err != nil || backlog != 8 {
		t.Fatalf("backlog %d, %v", backlog, err)
	}
	ids := r.pull(0, 0, "m1/1 m2/1 m3/1 m4/1 m5/1") // five by default
	r.pull(100, 0, "m6/1")
	r.pull(100, 0, "")
	r.settle(ids[:2], []LeaseRetry{{Lease: ids[2]}, {Lease: ids[3], Delay: secs(10)}}, 2, 2)
	if in := r.queue("jobs").Info(); in.Leased != 3 || in.Ready != 1 || in.Delayed != 2 || in.BacklogCount != 6 {
		t.Fatalf("%+v", in)
	}
	r.advance(time.Second)
	r.pull(100, 0, "m3/2 m0/2") // the lease of m0 was for a second
	r.advance(9 * time.Second)
	r.pull(100, 0, "m4/2")
	r.advance(20 * time.Second)
	r.pull(100, 0, "m5/2 m6/2") // after 30 s, the default
	r.advance(time.Minute)
	r.pull(2, 0, "m0/3 m3/3")
}

func TestLeaseOutlivesARestart(t *testing.T) {
	t.Parallel()
	r := pullRig(t, nil)
	r.send("jobs", "a", "b")
	ids := r.pull(2, time.Minute, "a/1 b/1")
	r.reopen()
	r.attachPull(nil)
	r.pull(2, time.Minute, "")
	r.settle(ids[:1], nil, 1, 0)
	r.advance(time.Minute)
	r.pull(2, time.Minute, "b/2")
}

// An ack counts after its lease, and even under the lease of somebody else; a
// retry does neither.
func TestLateAck(t *testing.T) {
	t.Parallel()
	r := pullRig(t, nil)
	r.send("jobs", "a", "b", "c")
	first := r.pull(3, time.Second, "a/1 b/1 c/1")
	r.advance(time.Second)
	r.settle(first[:1], nil, 1, 0)
	second := r.pull(3, time.Minute, "b/2 c/2")
	r.settle(nil, []LeaseRetry{{Lease: first[1]}}, 0, 0, warnLeaseOver)
	r.settle(first[1:2], nil, 1, 0)
	r.settle(second[:1], nil, 0, 0, warnGone)
	r.settle([]LeaseID{second[1], second[1], "nonsense"}, nil, 1, 0, warnTwice, warnNoLease)
	r.settle(nil, []LeaseRetry{{Lease: second[1]}}, 0, 0, warnGone)
}

func TestLeaseOfAnotherQueueNamesNothing(t *testing.T) {
	t.Parallel()
	r := pullRig(t, nil)
	r.send("jobs", "a")
	ids := r.pull(1, time.Minute, "a/1")
	r.b.Detach(context.Background(), "jobs")
	if err := r.b.Delete("jobs"); err != nil {
		t.Fatal(err)
	}
	r.attachPull(nil)
	r.send("jobs", "b")
	r.pull(1, time.Minute, "b/1")
	r.settle(ids, nil, 0, 0, warnGone)
}

func TestPullRetriesThenDeadLetter(t *testing.T) {
	t.Parallel()
	r := pullRig(t, func(c *ConsumerConfig) { c.MaxRetries, c.DeadLetterQueue = 1, "dead" })
	r.send("jobs", "asked", "silent")
	ids := r.pull(2, time.Minute, "asked/1 silent/1")
	r.settle(nil, []LeaseRetry{{Lease: ids[0]}}, 0, 1)
	ids = r.pull(2, time.Minute, "asked/2")
	r.settle(nil, []LeaseRetry{{Lease: ids[0]}}, 0, 1)
	r.advance(0)
	wantText(t, bodies(r.queue("dead").Peek(9)), "asked/0")
	r.advance(time.Minute)
	r.pull(2, time.Minute, "silent/2")
	r.advance(time.Minute)
	wantText(t, bodies(r.queue("dead").Peek(9)), "asked/0 silent/0")
	if in := r.queue("jobs").Info(); in.BacklogCount != 0 || in.Dead != 2 || in.DeadLetterQueue != "dead" {
		t.Fatalf("%+v", in)
	}
}

func TestPullRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.queue("jobs")
	refused := func(want string, status, size int, visibility time.Duration) {
		t.Helper()
		_, _, err := q.Pull(context.Background(), size, visibility)
		var e *cferr.Error
		if !errors.As(err, &e) || e.Status != status || !strings.Contains(e.Message, want) {
			t.Fatalf("%v, want %d %q", err, status, want)
		}
	}
	refused("has no pull consumer", http.StatusBadRequest, 1, 0)
	r.attach(DefaultConsumer("jobs"), &script{})
	refused("has no pull consumer", http.StatusBadRequest, 1, 0)
	r.b.Detach(context.Background(), "jobs")
	r.attachPull(nil)
	refused("batch_size 101 is invalid", http.StatusBadRequest, 101, 0)
	refused("visibility_timeout_ms 43200001 is invalid", http.StatusBadRequest, 1, MaxVisibility+time.Millisecond)
	if err := q.Pause(); err != nil {
		t.Fatal(err)
	}
	refused("queue_delivery_paused", http.StatusConflict, 1, 0)
	if err := q.Resume(); err != nil {
		t.Fatal(err)
	}
	r.pull(MaxBatchMessages, MaxVisibility, "")
}

// A pull consumer that is kept is there after a restart.
func TestKeptConsumer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.queue("jobs")
	cfg := DefaultConsumer("jobs")
	cfg.Type, cfg.VisibilityTimeout, cfg.MaxRetries = HTTPPull, time.Hour, 7
	if err := q.SaveConsumer(&cfg); err != nil {
		t.Fatal(err)
	}
	r.send("jobs", "a")
	r.reopen()
	ids := r.pull(1, 0, "a/1")
	r.advance(time.Hour - time.Millisecond)
	r.pull(1, 0, "")
	r.settle(ids, nil, 1, 0)
	if got, ok := r.queue("jobs").Consumer(); !ok || got.MaxRetries != 7 {
		t.Fatalf("consumer %+v", got)
	}
	if err := r.queue("jobs").SaveConsumer(nil); err != nil {
		t.Fatal(err)
	}
	r.reopen()
	if _, ok := r.queue("jobs").Consumer(); ok {
		t.Fatal("the consumer came back")
	}
}

// Visibility of messages that are leased counts for nobody else: not for push,
// purge or retention.
func TestLeasedMessagesAndTheRest(t *testing.T) {
	t.Parallel()
	r := pullRig(t, nil)
	r.send("jobs", "a", "b")
	ids := r.pull(1, MaxVisibility, "a/1")
	if err := r.queue("jobs").Purge(); err != nil {
		t.Fatal(err)
	}
	r.settle(ids, nil, 0, 0, warnGone)
	r.send("jobs", "c")
	r.pull(1, time.Minute, "c/1")
	r.b.Detach(context.Background(), "jobs")
	w := &script{}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout = 0
	r.attach(cfg, w)
	r.quiesce()
	w.want(t)
	r.advance(time.Minute)
	w.want(t, "c/2")
}
