package queues

import (
	"context"
	"fmt"
	"testing"
	"time"

	"flint/queues/journal"
)

// deadRig has the dead letters a and b of "jobs", c of "mail", and a message
// that was sent to the dead letter queue itself.
func deadRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	for _, name := range []string{"jobs", "mail"} {
		cfg := DefaultConsumer(name)
		cfg.MaxRetries, cfg.DeadLetterQueue, cfg.MaxBatchTimeout = 0, "dead", 0
		r.attach(cfg, &script{handle: thrown})
	}
	r.send("jobs", "a", "b")
	r.quiesce()
	r.send("mail", "c")
	r.quiesce()
	r.send("dead", "own")
	for _, name := range []string{"jobs", "mail"} {
		r.b.Detach(context.Background(), name)
	}
	wantText(t, bodies(r.queue("dead").Peek(9)), "a/0 b/0 c/0 own/0")
	return r
}

func (r *rig) redrive(o RedriveOptions, want int) {
	r.Helper()
	n, err := r.queue("dead").Redrive(context.Background(), o)
	if err != nil || n != want {
		r.Fatalf("%d messages redriven, want %d; %v", n, want, err)
	}
}

func TestRedriveSendsEachBack(t *testing.T) {
	t.Parallel()
	r := deadRig(t)
	r.reopen() // where they came from is in the journal
	if in := r.queue("dead").Info(); in.DeadFrom["jobs"] != 2 || in.DeadFrom["mail"] != 1 {
		t.Fatalf("%+v", in)
	}
	r.redrive(RedriveOptions{Limit: 1}, 1)
	wantText(t, bodies(r.queue("jobs").Peek(9)), "a/0")
	r.redrive(RedriveOptions{}, 2)
	wantText(t, bodies(r.queue("jobs").Peek(9)), "a/0 b/0")
	wantText(t, bodies(r.queue("mail").Peek(9)), "c/0")
	wantText(t, bodies(r.queue("dead").Peek(9)), "own/0")
	r.redrive(RedriveOptions{}, 0)
	if in := r.queue("dead").Info(); len(in.DeadFrom) != 0 {
		t.Fatalf("%+v", in)
	}
}

func TestRedriveSelects(t *testing.T) {
	t.Parallel()
	r := deadRig(t)
	r.queue("elsewhere")
	r.redrive(RedriveOptions{From: "mail", To: "elsewhere"}, 1)
	wantText(t, bodies(r.queue("elsewhere").Peek(9)), "c/0")
	r.redrive(RedriveOptions{To: "elsewhere"}, 3)
	wantText(t, bodies(r.queue("elsewhere").Peek(9)), "c/0 a/0 b/0 own/0")
	for _, to := range []string{"dead", "nowhere"} {
		if _, err := r.queue("dead").Redrive(context.Background(), RedriveOptions{To: to}); err == nil {
			t.Errorf("a redrive to %q was accepted", to)
		}
	}
}

// What fails again after its redrive is a dead letter of its queue again.
func TestRedrivenMessageMayDieAgain(t *testing.T) {
	t.Parallel()
	r := deadRig(t)
	r.redrive(RedriveOptions{From: "jobs"}, 2)
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.DeadLetterQueue, cfg.MaxBatchTimeout = 0, "dead", 0
	r.attach(cfg, &script{handle: thrown})
	r.quiesce()
	wantText(t, bodies(r.queue("dead").Peek(9)), "c/0 own/0 a/0 b/0")
	if in := r.queue("jobs").Info(); in.Dead != 2 {
		t.Fatalf("%+v", in)
	}
}

// What dies again while a redrive is under way is not moved a second time: the
// redrive ends.
func TestRedriveBesideAConsumerThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 3*redriveChunkMessages + 1
	for sent := 0; sent < n; sent += MaxBatchMessages {
		if _, err := r.queue("dead").Send(context.Background(), make([]Outgoing, min(MaxBatchMessages, n-sent))); err != nil {
			t.Fatal(err)
		}
	}
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.DeadLetterQueue, cfg.MaxBatchTimeout = 0, "dead", 0
	r.attach(cfg, &script{handle: thrown})
	r.redrive(RedriveOptions{To: "jobs"}, n)
	r.quiesce()
	if in := r.queue("dead").Metrics(); in.BacklogCount != n {
		t.Fatalf("%d dead letters, want all %d", in.BacklogCount, n)
	}
}

// A crash on the way leaves each message in one of the two queues.
func TestCrashDuringRedrive(t *testing.T) {
	t.Parallel()
	r := deadRig(t)
	q := r.queue("dead")
	q.mu.Lock()
	s := journal.Settlement{AtMs: r.b.now(), Dead: q.popReady(2), DeadTo: "jobs", Redrive: true}
	err := q.log.WriteSettlement(&s)
	q.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	c := r.copyOf()
	wantText(t, bodies(c.queue("jobs").Peek(9)), "a/0 b/0")
	wantText(t, bodies(c.queue("dead").Peek(9)), "c/0 own/0")
}

func TestWatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.b.Watch(100)
	small := r.b.Watch(1, "jobs")
	other := r.b.Watch(1, "other")
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.DeadLetterQueue, cfg.MaxBatchTimeout = 1, "dead", 0
	s := &script{handle: thrown}
	r.attach(cfg, s)
	r.send("jobs", "a")
	r.quiesce()
	s.set(nil)
	r.send("jobs", "b")
	r.quiesce()
	r.sendLater("dead", "late", time.Minute)
	if _, err := r.queue("dead").Redrive(context.Background(), RedriveOptions{}); err != nil {
		t.Fatal(err)
	}
	r.quiesce()
	if err := r.queue("dead").Purge(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	w.Close()
	var got string
	for e := range w.Events() {
		got += e.Queue + " " + string(e.Kind) + " " + string(e.Body) + " " + e.To + "\n"
	}
	want := `jobs sent a 
jobs delivered a 
jobs retried  
jobs delivered a 
jobs dead-lettered  dead
dead sent a 
jobs sent b 
jobs delivered b 
jobs acked  
dead sent late 
dead redriven  jobs
jobs sent a 
jobs delivered a 
jobs acked  
dead purged  
`
	wantText(t, got, want)
	if n := small.Dropped(); n != 10 {
		t.Errorf("the slow watcher dropped %d events", n)
	}
	if n := other.Dropped() + uint64(len(other.Events())); n != 0 {
		t.Errorf("the other queue has %d events", n)
	}
}

func TestWatchExpiryAndDrop(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := r.b.Watch(100)
	r.send("old", "x")
	r.advance(DefaultRetention)
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.MaxBatchTimeout = 0, 0
	r.attach(cfg, &script{handle: thrown})
	r.send("jobs", "y")
	r.quiesce()
	if err := r.b.Close(); err != nil { // ends the watchers too
		t.Fatal(err)
	}
	var got string
	for e := range w.Events() {
		got += e.Queue + " " + string(e.Kind) + ","
	}
	wantText(t, got, "old sent,old expired,jobs sent,jobs delivered,jobs dropped,")
}

// A redrive of many messages goes in steps, and each keeps its order.
func TestRedriveOfMany(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = redriveChunkMessages + moveChunkMessages + 10
	q := r.queue("dead")
	for sent := 0; sent < n; {
		batch := make([]Outgoing, min(MaxBatchMessages, n-sent))
		for i := range batch {
			batch[i].Body = fmt.Append(nil, sent+i)
		}
		if _, err := q.Send(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		sent += len(batch)
	}
	r.queue("jobs")
	r.redrive(RedriveOptions{To: "jobs", Limit: n - 1}, n-1)
	for i, m := range peek(r.queue("jobs"), n) {
		if number(m) != i {
			t.Fatalf("message %d is %s", i, m.Body)
		}
	}
	if n := q.Metrics().BacklogCount; n != 1 {
		t.Fatalf("%d messages left", n)
	}
}
