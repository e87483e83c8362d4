package queues

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/queues/journal"
)

// copyOf opens a copy of the rig's folder, as it would be found after a kill -9.
func (r *rig) copyOf() *rig {
	r.Helper()
	c := &rig{T: r.T, clock: r.clock, dir: filepath.Join(r.TempDir(), "copy"), logs: &lockedBuffer{}}
	if err := os.CopyFS(c.dir, os.DirFS(r.dir)); err != nil {
		r.Fatal(err)
	}
	c.open()
	r.Cleanup(func() {
		if err := c.b.Close(); err != nil {
			r.Error(err)
		}
	})
	return c
}

func TestSentIsDurable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "a", "b")
	c := r.copyOf()
	before, after := peek(r.queue("jobs"), 9), peek(c.queue("jobs"), 9)
	if len(after) != 2 || after[0].ID != before[0].ID || !after[1].Timestamp.Equal(epoch) || after[1].ContentType != "text" {
		t.Fatalf("after a crash: %v", after)
	}
}

func TestTornBatchIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.send("jobs", "a")
	batch := []Outgoing{{Body: []byte("b")}, {Body: []byte("c")}}
	if _, err := r.queue("jobs").Send(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	if err := r.b.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.dir, "jobs.journal")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	r.open()
	wantText(t, bodies(r.queue("jobs").Peek(9)), "a/0")
}

func TestAttemptsSurviveACrash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var c *rig
	w := &script{handle: func(context.Context, Batch) (Outcome, error) {
		if c == nil {
			c = r.copyOf()
		}
		return Outcome{Outcome: "ok"}, nil
	}}
	r.attach(DefaultConsumer("jobs"), w)
	r.send("jobs", "a")
	r.advance(5 * time.Second)
	again := &script{}
	c.attach(DefaultConsumer("jobs"), again)
	c.quiesce()
	again.want(t, "a/2")
}

func TestClosePutsBackWhatIsRunning(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(context.Background())
	r.reopenWith(ctx)
	entered := make(chan struct{})
	w := &script{handle: func(ctx context.Context, _ Batch) (Outcome, error) {
		close(entered)
		<-ctx.Done()
		return Outcome{}, ctx.Err()
	}}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchSize, cfg.MaxRetries = 1, 0
	r.attach(cfg, w)
	r.send("jobs", "a")
	<-entered
	cancel() // in place of the grace period's end
	r.reopen()
	again := &script{}
	r.attach(cfg, again)
	r.quiesce()
	again.want(t, "a/2") // cut off, so neither dropped nor forgotten
}

func (r *rig) reopenWith(ctx context.Context) {
	r.Helper()
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
	b, err := Open(Options{Dir: r.dir, Clock: r.clock})
	if err == nil {
		err = b.Start(ctx)
	}
	if err != nil {
		r.Fatal(err)
	}
	r.b = b
}

// A crash between the mark at the source and the arrival, and one between the
// arrival and the removal at the source, both leave one dead letter.
func TestCrashWhileMovingADeadLetter(t *testing.T) {
	t.Parallel()
	for _, arrived := range []bool{false, true} {
		t.Run(fmt.Sprint("arrived ", arrived), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.send("jobs", "a")
			q := r.queue("jobs")
			q.mu.Lock()
			s := journal.Settlement{AtMs: r.b.now(), Dead: q.popReady(1), DeadTo: "dead"}
			err := q.log.WriteSettlement(&s)
			q.applySettlement(&s, "")
			q.mu.Unlock()
			letters, readErr := q.readDeadLetters(q.takeDying()["dead"])
			err = errors.Join(err, readErr)
			if err == nil && arrived {
				_, err = r.queue("dead").accept(letters, false)
			}
			if err != nil {
				t.Fatal(err)
			}
			c := r.copyOf()
			wantText(t, bodies(c.queue("dead").Peek(9)), "a/0")
			if n := c.queue("jobs").Metrics().BacklogCount; n != 0 {
				t.Errorf("%d left at the source", n)
			}
		})
	}
}

func TestClockThatWentBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.advance(24 * time.Hour)
	r.send("jobs", "a")
	r.sendLater("jobs", "b", time.Minute)
	r.send("jobs", "c")
	for range 2 { // the second time nothing is behind any more
		if err := r.b.Close(); err != nil {
			t.Fatal(err)
		}
		r.clock.Close()
		r.clock = clock.NewFrozen(epoch)
		r.open()
	}
	if m := r.queue("jobs").Metrics(); !m.OldestMessage.Equal(epoch) {
		t.Errorf("oldest message %v, want %v", m.OldestMessage, epoch)
	}
	w := &script{}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout = 0
	r.attach(cfg, w)
	r.quiesce()
	w.want(t, "a/1 c/1")
	r.advance(time.Minute - time.Millisecond)
	w.want(t)
	r.advance(time.Millisecond)
	w.want(t, "b/1")
}

// A delayed message must not make those behind it wait after a restart.
func TestRestartKeepsTheOrderOfDueTimes(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.sendLater("jobs", "delayed", time.Second)
	r.send("jobs", "a")
	r.advance(4 * time.Second)
	r.reopen()
	r.attach(DefaultConsumer("jobs"), w)
	r.advance(time.Second)
	w.want(t, "a/1 delayed/1")
}

func TestCompaction(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{}
	r.sendLater("jobs", "kept", time.Hour)
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchSize = 100
	r.attach(cfg, w)
	q := r.queue("jobs")
	batch := make([]Outgoing, 100)
	for i := range batch {
		batch[i].Body = make([]byte, 2500)
	}
	for range 100 { // 25 MB in all
		if _, err := q.Send(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		r.quiesce()
	}
	r.advance(time.Minute)
	q.mu.Lock()
	if n := q.byArrival.len(); n > 1100 {
		t.Errorf("%d entries for one message", n)
	}
	q.mu.Unlock()
	r.b.background.Wait() // for a compaction
	if size := r.queue("jobs").log.Size(); size > 2*minGarbageBytes {
		t.Errorf("the journal of one message has %d bytes", size)
	}
	wantText(t, bodies(r.copyOf().queue("jobs").Peek(9)), "kept/0")
}

func TestUnwritableDeadLetterQueue(t *testing.T) {
	t.Parallel()
	r, w := newRig(t), &script{handle: thrown}
	block := filepath.Join(r.dir, "dead.journal")
	if err := os.Mkdir(block, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConsumer("jobs")
	cfg.MaxRetries, cfg.DeadLetterQueue = 0, "dead"
	r.attach(cfg, w)
	r.send("jobs", "a")
	r.advance(time.Minute)
	w.want(t, "a/1")
	if n := r.queue("jobs").Metrics().BacklogCount; n != 1 {
		t.Fatalf("backlog %d: the dead letter was lost", n)
	}
	if err := os.Remove(block); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	wantText(t, bodies(r.queue("dead").Peek(9)), "a/0")
	w.want(t)
}

func TestConcurrentSendersAndConsumers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var mu sync.Mutex
	got := map[string]int{}
	w := &script{handle: func(_ context.Context, b Batch) (Outcome, error) {
		out := Outcome{Outcome: "exception"}
		mu.Lock()
		defer mu.Unlock()
		for i, m := range b.Messages {
			if i%2 == 0 || m.Attempts == 3 {
				got[m.ID]++
				out.ExplicitAcks = append(out.ExplicitAcks, m.ID)
			}
		}
		return out, nil
	}}
	cfg := DefaultConsumer("jobs")
	cfg.MaxConcurrency = 4
	r.attach(cfg, w)
	var senders sync.WaitGroup
	var failures atomic.Int32
	for range 8 {
		senders.Go(func() {
			for range 200 {
				if _, err := r.queue("jobs").Send(context.Background(), []Outgoing{{Body: []byte("x")}}); err != nil {
					failures.Add(1)
				}
			}
		})
	}
	senders.Wait()
	r.advance(time.Minute)
	if failures.Load() > 0 || len(got) != 1600 {
		t.Fatalf("%d of 1600 messages delivered, %d sends failed", len(got), failures.Load())
	}
	for id, n := range got {
		if n != 1 {
			t.Fatalf("%s was acknowledged %d times", id, n)
		}
	}
	if m := r.queue("jobs").Metrics(); m.BacklogCount != 0 || m.BacklogBytes != 0 {
		t.Fatalf("left: %+v", m)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	q := r.queue("jobs")
	of := func(n, size int) []Outgoing {
		out := make([]Outgoing, n)
		for i := range out {
			out[i] = Outgoing{ContentType: "bytes", Body: make([]byte, size)}
		}
		return out
	}
	for _, c := range []struct {
		out  []Outgoing
		want string
	}{
		{of(1, MaxMessageBytes), ""},
		{of(1, MaxMessageBytes+1), "message length of 128001 bytes exceeds limit of 128000"},
		{of(2, MaxMessageBytes), ""},
		{of(2, MaxMessageBytes+1), "message in batch has length 128001 bytes which exceeds single message size limit of 128000"},
		{append(of(2, MaxMessageBytes), of(1, 1)...), "batch size of 256001 bytes exceeds limit of 256000"},
		{of(100, 0), ""},
		{of(101, 0), "batch message count of 101 exceeds limit of 100"},
		{nil, "batch must hold at least one message"},
		{[]Outgoing{{Delay: MaxDelay}}, ""},
		{[]Outgoing{{Delay: MaxDelay + time.Second}}, "message delay 86401 is invalid: it must be a whole number of seconds between 0 and 86400"},
		{[]Outgoing{{ContentType: "xml"}}, "message content type xml is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8'"},
	} {
		got := ""
		if _, err := q.Send(context.Background(), c.out); err != nil {
			got = cferr.From(err).Message
		}
		wantText(t, got, c.want)
	}
	for _, name := range []string{"", "-a", "a-", "a/b", "a.b", strings.Repeat("a", 64)} {
		var e *cferr.Error
		if _, err := r.b.Queue(name); !errors.As(err, &e) || e.Status != http.StatusBadRequest {
			t.Errorf("queue name %q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "A", "a-1_B", strings.Repeat("a", 63)} {
		r.send(name, "in "+name)
	}
	r.reopen()
	for _, name := range []string{"a", "A", "a-1_B"} {
		wantText(t, bodies(r.queue(name).Peek(9)), "in "+name+"/0")
	}
}
