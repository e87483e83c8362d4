package queues

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"flint/internal/clock"

	"pgregory.net/rapid"
)

// modelMsg is what must be true of one message.
type modelMsg struct {
	attempts int
	due      int64
	moved    bool    // it was delayed or retried: its place in the order is open
	until    int64   // end of its lease; 0 = none
	lease    LeaseID // the last one that it had
}

// model is the specification of one queue with its dead letter queue.
type model struct {
	live map[int]modelMsg
	dead map[int]bool
	last int // the last message delivered that never moved
}

func (m *model) clone() *model {
	c := &model{live: map[int]modelMsg{}, dead: map[int]bool{}, last: -1}
	for k, v := range m.live {
		c.live[k] = v
	}
	for k := range m.dead {
		c.dead[k] = true
	}
	return c
}

// machine drives a broker and the model side by side. Handlers run one at a
// time, and every action ends with the broker idle, so no lock is needed.
type machine struct {
	t       *rapid.T
	b       *Broker
	clock   *clock.Virtual
	dir     string
	root    string
	cfg     ConsumerConfig
	m       *model
	next    int
	paused  bool
	pulls   bool // the consumer is a pull consumer
	drain   bool
	failed  bool // the Worker was out of reach: deliveries may lag
	rnd     *rand.Rand
	wreck   *model // the model at the moment of a crash in a handler
	wreckTo string
	err     error
}

func (x *machine) open() {
	b, err := Open(Options{Dir: x.dir, Clock: x.clock})
	if err == nil {
		x.b = b
		err = x.attach()
	}
	if err == nil {
		err = b.Start(context.Background())
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *machine) attach() error {
	cfg := x.cfg
	if x.pulls {
		cfg.Type = HTTPPull
		_, err := x.b.Attach(cfg, nil)
		return err
	}
	_, err := x.b.Attach(cfg, x)
	return err
}

// lapse ends the leases that have run out.
func (x *machine) lapse(now int64) {
	for n, mm := range x.m.live {
		if mm.until == 0 || mm.until > now {
			continue
		}
		x.again(n, mm.until)
	}
}

// again is a retry of a message, or its end.
func (x *machine) again(n int, due int64) {
	mm := x.m.live[n]
	if mm.attempts > x.cfg.MaxRetries {
		delete(x.m.live, n)
		x.m.dead[n] = true
		return
	}
	x.m.live[n] = modelMsg{attempts: mm.attempts, due: due, moved: true, lease: mm.lease}
}

func (x *machine) fail(format string, args ...any) {
	if x.err == nil {
		x.err = fmt.Errorf(format, args...)
	}
}

// DeliverQueue checks a batch against the model, and decides at random.
func (x *machine) DeliverQueue(_ context.Context, b Batch) (Outcome, error) {
	if x.wreck != nil { // the old process is dead: what it still does counts for nothing
		return Outcome{Outcome: "ok"}, nil
	}
	now := x.clock.Now().UnixMilli()
	x.lapse(now)
	if x.pulls {
		x.fail("delivered to the Worker of a queue with a pull consumer")
	}
	if len(b.Messages) > x.cfg.MaxBatchSize || len(b.Messages) == 0 {
		x.fail("batch of %d", len(b.Messages))
	}
	if x.paused {
		x.fail("delivered while paused")
	}
	last := x.m.last
	for _, msg := range b.Messages {
		x.check(msg, now)
	}
	choice := x.rnd.IntN(16)
	if x.drain {
		choice = 15
	}
	switch choice {
	case 0:
		x.crashHere()
	case 1:
		x.failed, x.m.last = true, last
		for _, msg := range b.Messages {
			n := number(msg)
			mm := x.m.live[n]
			mm.attempts--
			x.m.live[n] = mm
		}
		return Outcome{}, errors.New("no Worker")
	}
	x.failed = false
	return x.decide(b, choice, now), nil
}

func number(m Message) int {
	n, _ := strconv.Atoi(string(m.Body))
	return n
}

func (x *machine) check(msg Message, now int64) {
	n := number(msg)
	mm, ok := x.m.live[n]
	if !ok {
		x.fail("message %d was delivered after it was done with", n)
		return
	}
	if mm.until > 0 {
		x.fail("message %d was delivered while it was leased", n)
	}
	if mm.due > now {
		x.fail("message %d was delivered %d ms early", n, mm.due-now)
	}
	mm.attempts++
	if msg.Attempts != mm.attempts {
		x.fail("message %d has %d attempts, want %d", n, msg.Attempts, mm.attempts)
	}
	x.m.live[n] = mm
	if !mm.moved && mm.attempts == 1 {
		if n < x.m.last {
			x.fail("message %d came after %d", n, x.m.last)
		}
		x.m.last = n
	}
}

// decide draws an outcome and applies the rules to the model, each written
// the plain way.
func (x *machine) decide(b Batch, choice int, now int64) Outcome {
	out := Outcome{Outcome: "ok"}
	rest, restDelay := true, x.cfg.RetryDelay
	switch choice {
	case 2, 3, 4, 5:
		out.Outcome, rest = "exception", false
	case 6, 7:
		out.Outcome, out.AckAll = "exception", true
	case 8, 9:
		out.RetryAll, out.RetryAllDelay, rest, restDelay = true, secs(3), false, 3*time.Second
	}
	for _, msg := range b.Messages {
		ack, delay := rest, restDelay
		if !x.drain {
			switch x.rnd.IntN(6) {
			case 0:
				out.ExplicitAcks = append(out.ExplicitAcks, msg.ID)
				ack = true
			case 1:
				out.Retries = append(out.Retries, Retry{ID: msg.ID, Delay: secs(7)})
				ack, delay = false, 7*time.Second
			case 2:
				out.Retries = append(out.Retries, Retry{ID: msg.ID})
				ack, delay = false, x.cfg.RetryDelay
			}
		}
		n := number(msg)
		if ack {
			delete(x.m.live, n)
		} else {
			x.again(n, now+delay.Milliseconds())
		}
	}
	return out
}

// crashHere copies the state as a kill -9 in this very handler would leave it.
func (x *machine) crashHere() {
	x.wreck = x.m.clone()
	x.wreckTo = filepath.Join(x.root, fmt.Sprint("crash", x.rnd.Uint64()))
	if err := os.CopyFS(x.wreckTo, os.DirFS(x.dir)); err != nil {
		x.fail("%v", err)
	}
}

// settle ends an action: the broker becomes idle, a crash takes effect, and
// everything that can be seen is compared.
func (x *machine) settle(t *rapid.T) {
	x.t = t
	if err := x.b.Quiesce(context.Background()); err != nil {
		t.Fatal(err)
	}
	for x.wreck != nil {
		if err := x.b.Close(); err != nil {
			t.Fatal(err)
		}
		x.m, x.dir, x.wreck = x.wreck, x.wreckTo, nil
		x.open()
		if err := x.b.Quiesce(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if x.err != nil {
		t.Fatal(x.err)
	}
	q, _ := x.b.Queue("jobs")
	now := x.clock.Now().UnixMilli()
	x.lapse(now)
	leased := 0
	for _, mm := range x.m.live {
		if mm.until > 0 {
			leased++
		}
	}
	if in := q.Info(); in.BacklogCount != len(x.m.live) || in.Leased != leased || in.InFlight != 0 || in.Dead != len(x.m.dead) {
		t.Fatalf("info %+v, want %d messages, %d leased, %d dead", in, len(x.m.live), leased, len(x.m.dead))
	}
	for _, msg := range peek(q, 1<<20) {
		if mm, ok := x.m.live[number(msg)]; !ok || mm.attempts != msg.Attempts {
			t.Fatalf("peeked %s with %d attempts, model %v %v", msg.Body, msg.Attempts, mm, ok)
		}
	}
	x.compareDead(t)
	for n, mm := range x.m.live {
		if mm.until == 0 && !x.pulls && !x.paused && !x.failed && mm.due+x.cfg.MaxBatchTimeout.Milliseconds() <= now {
			t.Fatalf("message %d is overdue", n)
		}
	}
}

func (x *machine) compareDead(t *rapid.T) {
	dlq, _ := x.b.Queue("dead")
	dead := peek(dlq, 1<<20)
	seen := map[int]bool{}
	for _, msg := range dead {
		n := number(msg)
		if seen[n] || !x.m.dead[n] || msg.Attempts != 0 {
			t.Fatalf("dead letter %d (attempts %d) is not expected", n, msg.Attempts)
		}
		seen[n] = true
	}
	if len(seen) != len(x.m.dead) {
		t.Fatalf("dead letters %v, want %v", seen, x.m.dead)
	}
}

func (x *machine) send(t *rapid.T) {
	q, _ := x.b.Queue("jobs")
	now := x.clock.Now().UnixMilli()
	var batch []Outgoing
	for range rapid.IntRange(1, 8).Draw(t, "messages") {
		var delay time.Duration
		if rapid.IntRange(0, 3).Draw(t, "delayed") == 0 {
			delay = time.Duration(rapid.IntRange(1, 30).Draw(t, "delay")) * time.Second
		}
		batch = append(batch, Outgoing{ContentType: "text", Body: []byte(strconv.Itoa(x.next)), Delay: delay})
		x.m.live[x.next] = modelMsg{due: now + delay.Milliseconds(), moved: delay > 0}
		x.next++
	}
	if _, err := q.Send(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
}

func (x *machine) advance(t *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 40_000).Draw(t, "ms")) * time.Millisecond
	if err := x.clock.Advance(context.Background(), d); err != nil {
		t.Fatal(err)
	}
}

// change makes the consumer another one: push becomes pull and back.
func (x *machine) change(t *rapid.T) {
	x.b.Detach(context.Background(), "jobs")
	x.pulls = !x.pulls
	if err := x.attach(); err != nil {
		t.Fatal(err)
	}
}

// pull leases messages, when there is a pull consumer.
func (x *machine) pull(t *rapid.T) {
	q, _ := x.b.Queue("jobs")
	size := rapid.IntRange(1, 5).Draw(t, "size")
	visibility := time.Duration(rapid.IntRange(1, 30).Draw(t, "visibility")) * time.Second
	now := x.clock.Now().UnixMilli()
	leased, backlog, err := q.Pull(context.Background(), size, visibility)
	if !x.pulls || x.paused {
		if err == nil {
			t.Fatal("a pull was answered that must be refused")
		}
		return
	}
	if err != nil || backlog != len(x.m.live) || len(leased) > size {
		t.Fatalf("pulled %d of %d, backlog %d; %v", len(leased), size, backlog, err)
	}
	for _, l := range leased {
		x.check(l.Message, now)
		n := number(l.Message)
		mm := x.m.live[n]
		mm.until, mm.lease = now+visibility.Milliseconds(), l.Lease
		x.m.live[n] = mm
	}
	for n, mm := range x.m.live {
		if len(leased) < size && mm.until == 0 && mm.due <= now {
			t.Fatalf("message %d was ready and not pulled", n)
		}
	}
}

// answer acknowledges and retries some of what was leased, late or in time.
func (x *machine) answer(t *rapid.T) {
	q, _ := x.b.Queue("jobs")
	now := x.clock.Now().UnixMilli()
	var acks []LeaseID
	var retries []LeaseRetry
	acked, retried, refused := 0, 0, 0
	for _, n := range slices.Sorted(maps.Keys(x.m.live)) {
		mm := x.m.live[n]
		if mm.lease == "" {
			continue
		}
		switch x.rnd.IntN(4) {
		case 0:
			acks = append(acks, mm.lease)
			delete(x.m.live, n)
			acked++
		case 1:
			retries = append(retries, LeaseRetry{Lease: mm.lease, Delay: secs(7)})
			if mm.until == 0 {
				refused++
				break
			}
			retried++
			x.again(n, now+7000)
		}
	}
	a, r, warnings, err := q.Settle(acks, retries)
	if err != nil || a != acked || r != retried || len(warnings) != refused {
		t.Fatalf("%d acked, %d retried, %d refused; want %d, %d, %d; %v", a, r, len(warnings), acked, retried, refused, err)
	}
}

// redrive sends dead letters back, all of them.
func (x *machine) redrive(t *rapid.T) {
	now := x.clock.Now().UnixMilli()
	want := len(x.m.dead)
	for n := range x.m.dead {
		x.m.live[n] = modelMsg{due: now, moved: true}
	}
	x.m.dead = map[int]bool{}
	dlq, _ := x.b.Queue("dead")
	if n, err := dlq.Redrive(context.Background(), RedriveOptions{}); err != nil || n != want {
		t.Fatalf("%d redriven, want %d; %v", n, want, err)
	}
}

// compact rewrites the journals.
func (x *machine) compact(t *rapid.T) {
	for _, q := range x.b.Queues() {
		if err := q.rewrite(); err != nil {
			t.Fatal(err)
		}
	}
}

func (x *machine) crash(*rapid.T) {
	x.crashHere()
}

func (x *machine) pause(t *rapid.T) {
	q, _ := x.b.Queue("jobs")
	x.paused = !x.paused
	change := q.Resume
	if x.paused {
		change = q.Pause
	}
	if err := change(); err != nil {
		t.Fatal(err)
	}
}

func (x *machine) purge(t *rapid.T) {
	q, _ := x.b.Queue("jobs")
	if err := q.Purge(); err != nil {
		t.Fatal(err)
	}
	x.m.live = map[int]modelMsg{}
}

// finish resumes, lets every handler succeed, and expects an empty queue.
func (x *machine) finish(t *rapid.T) {
	x.drain = true
	if x.paused {
		x.pause(t)
	}
	if x.pulls {
		x.change(t)
	}
	if err := x.clock.Advance(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	x.settle(t)
	if len(x.m.live) > 0 {
		t.Fatalf("never delivered: %v", x.m.live)
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		dir, err := os.MkdirTemp(root, "run")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		x := &machine{
			t: t, clock: clock.NewFrozen(epoch), root: dir, dir: filepath.Join(dir, "start"),
			m:   &model{live: map[int]modelMsg{}, dead: map[int]bool{}, last: -1},
			rnd: rand.New(rand.NewPCG(seed, 1)),
			cfg: ConsumerConfig{
				Queue: "jobs", DeadLetterQueue: "dead", MaxConcurrency: 1,
				MaxBatchSize:    rapid.IntRange(1, 5).Draw(t, "batch"),
				MaxBatchTimeout: time.Duration(rapid.IntRange(0, 10).Draw(t, "timeout")) * time.Second,
				MaxRetries:      rapid.IntRange(0, 3).Draw(t, "retries"),
				RetryDelay:      time.Duration(rapid.IntRange(0, 5).Draw(t, "retry delay")) * time.Second,
			},
		}
		x.open()
		defer func() {
			_ = x.b.Close()
			x.clock.Close()
		}()
		t.Repeat(map[string]func(*rapid.T){
			"send":    x.send,
			"send2":   x.send,
			"advance": x.advance,
			"crash":   x.crash,
			"pause":   x.pause,
			"purge":   x.purge,
			"change":  x.change,
			"pull":    x.pull,
			"pull2":   x.pull,
			"answer":  x.answer,
			"redrive": x.redrive,
			"compact": x.compact,
			"":        x.settle,
		})
		x.finish(t)
	})
}
