package queues

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// rig is a started broker, on a frozen clock unless a test brings its own.
type rig struct {
	*testing.T
	b         *Broker
	consumers *Consumers // of the REST API, once there was a call
	clock     *clock.Virtual
	dir       string
	logs      *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigAt(t, clock.NewFrozen(epoch))
}

func newRigAt(t *testing.T, c *clock.Virtual) *rig {
	t.Helper()
	r := &rig{T: t, clock: c, dir: t.TempDir(), logs: &lockedBuffer{}}
	r.open()
	t.Cleanup(r.clock.Close)
	t.Cleanup(func() {
		if err := r.b.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// open opens the rig's folder and starts a broker there.
func (r *rig) open() {
	r.Helper()
	b, err := Open(Options{Dir: r.dir, Clock: r.clock, Log: slog.New(slog.NewTextHandler(r.logs, nil))})
	if err != nil {
		r.Fatal(err)
	}
	r.b, r.consumers = b, nil
	if err := b.Start(context.Background()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) reopen() {
	r.Helper()
	if err := r.b.Close(); err != nil {
		r.Fatal(err)
	}
	r.open()
}

func (r *rig) queue(name string) *Queue {
	r.Helper()
	q, err := r.b.Queue(name)
	if err != nil {
		r.Fatal(err)
	}
	return q
}

func (r *rig) send(queue string, bodies ...string) {
	r.Helper()
	for _, body := range bodies {
		r.sendLater(queue, body, 0)
	}
}

func (r *rig) sendLater(queue, body string, d time.Duration) {
	r.Helper()
	if _, err := r.queue(queue).Send(context.Background(), []Outgoing{{ContentType: "text", Body: []byte(body), Delay: d}}); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) advance(d time.Duration) {
	r.Helper()
	if err := r.clock.Advance(context.Background(), d); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) quiesce() {
	r.Helper()
	if err := r.b.Quiesce(context.Background()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) attach(cfg ConsumerConfig, d Deliverer) *Consumer {
	r.Helper()
	c, err := r.b.Attach(cfg, d)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// script is a Worker whose handler is a Go function. It records what it got.
type script struct {
	mu      sync.Mutex
	handle  func(ctx context.Context, b Batch) (Outcome, error) // nil: every batch is ok
	batches []string                                            // "body/attempts body/attempts"
}

func (s *script) DeliverQueue(ctx context.Context, b Batch) (Outcome, error) {
	words := make([]string, len(b.Messages))
	for i, m := range b.Messages {
		words[i] = fmt.Sprintf("%s/%d", m.Body, m.Attempts)
	}
	s.mu.Lock()
	s.batches = append(s.batches, strings.Join(words, " "))
	handle := s.handle
	s.mu.Unlock()
	if handle == nil {
		return Outcome{Outcome: "ok"}, nil
	}
	return handle(ctx, b)
}

func (s *script) set(f func(ctx context.Context, b Batch) (Outcome, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = f
}

// want checks what was delivered since the last want: one string a batch.
func (s *script) want(t *testing.T, batches ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Join(s.batches, "\n") != strings.Join(batches, "\n") {
		t.Fatalf("batches %q, want %q", s.batches, batches)
	}
	s.batches = nil
}

func always(o Outcome) func(context.Context, Batch) (Outcome, error) {
	return func(context.Context, Batch) (Outcome, error) { return o, nil }
}

var thrown = always(Outcome{Outcome: "exception"})

func bodies(ms []Message, err error) string {
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, m := range ms {
		out = append(out, fmt.Sprintf("%s/%d", m.Body, m.Attempts))
	}
	return strings.Join(out, " ")
}

func wantText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

// peek is Peek on a journal that can be read.
func peek(q *Queue, limit int) []Message {
	ms, err := q.Peek(limit)
	if err != nil {
		panic(err)
	}
	return ms
}
