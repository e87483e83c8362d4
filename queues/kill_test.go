package queues

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// childEnv makes the test binary a process that sends and consumes until it is
// killed, and tells on stdout what happened.
const childEnv = "FLINT_QUEUES_CHILD"

// flaky is a Worker that acknowledges, retries and throws.
type flaky struct{ rnd *rand.Rand }

func (f flaky) DeliverQueue(_ context.Context, b Batch) (Outcome, error) {
	out := Outcome{Outcome: "ok"}
	for _, m := range b.Messages {
		n, _, _ := strings.Cut(string(m.Body), " ")
		fmt.Println("delivered", m.ID, m.Attempts, n)
		if f.rnd.IntN(4) == 0 {
			out.Retries = append(out.Retries, Retry{ID: m.ID})
		}
	}
	if f.rnd.IntN(8) == 0 {
		out.Outcome = "exception"
	}
	return out, nil
}

// child prints "sent N" once a Send has returned, "delivered ID ATTEMPTS N" before
// an ack and "acked ID" some time after it. Its messages count from first.
func child(dir, first string) error {
	b, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	w := b.Watch(maxWatchBuffer)
	go func() {
		for e := range w.Events() {
			if e.Kind == EventAcked {
				fmt.Println(e.Kind, e.ID)
			}
		}
	}()
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.MaxRetries, cfg.MaxConcurrency = 0, MaxRetries, 1
	if _, err := b.Attach(cfg, flaky{rand.New(rand.NewPCG(1, 2))}); err != nil {
		return err
	}
	if err := b.Start(context.Background()); err != nil {
		return err
	}
	q, err := b.Queue("jobs")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(first)
	for ; err == nil; n += 2 {
		pad := strings.Repeat("x", n%3000) // enough to be compacted now and then
		out := []Outgoing{{Body: fmt.Append(nil, n, " ", pad)}, {Body: fmt.Append(nil, n+1, " ", pad)}}
		if _, err = q.Send(context.Background(), out); err == nil {
			fmt.Println("sent", n)
		}
	}
	return err
}

// ledger is what the children have told.
type ledger struct {
	sent      []int
	acked     map[string]bool // by ID
	attempts  map[string]bool // by ID and attempt
	delivered map[int]bool
}

// read takes a line of a child; the last one may be cut off.
func (l *ledger) read(t *testing.T, line string) {
	f := strings.Fields(line)
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Errorf("line %q", line)
		}
		return n
	}
	switch {
	case len(f) == 2 && f[0] == "sent":
		l.sent = append(l.sent, number(f[1]), number(f[1])+1)
	case len(f) == 2 && f[0] == "acked":
		l.acked[f[1]] = true
	case len(f) == 4 && f[0] == "delivered":
		if l.acked[f[1]] {
			t.Errorf("message %s was delivered after its ack", f[3])
		}
		if l.attempts[f[1]+f[2]] {
			t.Errorf("attempt %s of message %s was made twice", f[2], f[3])
		}
		l.attempts[f[1]+f[2]] = true
		l.delivered[number(f[3])] = true
	}
}

// Whenever the process is killed: what was sent is delivered or still there,
// what was acknowledged is not delivered again, and no attempt is made twice.
func TestKilledBroker(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	l := &ledger{acked: map[string]bool{}, attempts: map[string]bool{}, delivered: map[int]bool{}}
	for range rounds {
		first := 0
		if n := len(l.sent); n > 0 {
			first = l.sent[n-1] + 1001 // those that were sent and not told are skipped
		}
		l.round(t, dir, first, 1+rand.IntN(3000))
	}
	b, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	q, err := b.Queue("jobs")
	if err != nil {
		t.Fatal(err)
	}
	left := peek(q, 1<<20)
	for _, m := range left {
		n, _, _ := strings.Cut(string(m.Body), " ")
		l.read(t, fmt.Sprint("delivered ", m.ID, " left ", n)) // not after its ack either
	}
	for _, n := range l.sent {
		if !l.delivered[n] {
			t.Errorf("message %d is lost", n)
		}
	}
	t.Logf("%d messages, %d left, %d kills", len(l.sent), len(left), rounds)
}

// round runs a child and kills it after so many lines.
func (l *ledger) round(t *testing.T, dir string, first, lines int) {
	t.Helper()
	n := 0
	testkit.KillWhen(t, testkit.Child(t, []string{childEnv + "=1"}, dir, strconv.Itoa(first)), func(line string) bool {
		l.read(t, line)
		n++
		return n == lines
	})
	if n < lines {
		t.Fatalf("the child ended after %d lines, before it was killed", n)
	}
}
