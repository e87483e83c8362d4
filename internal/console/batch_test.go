package console

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/internal/clock"
	"flint/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recordingWriter records each call of Write.
type recordingWriter struct {
	mu     sync.Mutex
	pieces []string
}

func (p *recordingWriter) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pieces = append(p.pieces, string(b))
	return len(b), nil
}

func (p *recordingWriter) want(t *testing.T, pieces ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if fmt.Sprintf("%q", p.pieces) != fmt.Sprintf("%q", pieces) {
		t.Errorf("written %q, want %q", p.pieces, pieces)
	}
}

func newFrozenBatch(t *testing.T) (*slog.Logger, *recordingWriter, *Batch, *clock.Virtual) {
	t.Helper()
	out, c := &recordingWriter{}, clock.NewFrozen(time.Unix(1e9, 0))
	b := newBatch(out, c)
	t.Cleanup(func() { b.Close() })
	return slog.New(New(b, Options{})), out, b, c
}

func TestBatchWritesTogether(t *testing.T) {
	t.Parallel()
	log, out, _, c := newFrozenBatch(t)
	advance := func(d time.Duration) { t.Helper(); testkit.Advance(t, c, d) }
	log.Info("one") // after a pause
	out.want(t, "one\n")
	log.Info("two")
	log.Info("three")
	advance(maxDelay - 1)
	out.want(t, "one\n")
	advance(1)
	out.want(t, "one\n", "two\nthree\n")
	log.Info("four") // no pause yet
	out.want(t, "one\n", "two\nthree\n")
	advance(maxDelay)
	out.want(t, "one\n", "two\nthree\n", "four\n")
	advance(maxDelay)
	log.Info("five")
	out.want(t, "one\n", "two\nthree\n", "four\n", "five\n")
}

func TestWarningsDoNotWait(t *testing.T) {
	t.Parallel()
	log, out, _, _ := newFrozenBatch(t)
	log.Info("one")
	log.Info("two")
	log.Warn("careful")
	out.want(t, "one\n", "two\nwarning careful\n")
	log.Info("three")
	log.Error("broken")
	out.want(t, "one\n", "two\nwarning careful\n", "three\nerror broken\n")
}

func TestBatchCloses(t *testing.T) {
	t.Parallel()
	log, out, b, _ := newFrozenBatch(t)
	log.Info("one")
	log.Info("two")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	out.want(t, "one\n", "two\n")
	log.Info("late")
	out.want(t, "one\n", "two\n", "late\n")
}

func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	_, out, b, _ := newFrozenBatch(t)
	long := strings.Repeat("x", maxPending/2)
	for range 3 {
		if _, err := b.Write([]byte(long)); err != nil {
			t.Fatal(err)
		}
	}
	out.want(t, long, long+long)
}

// With many writers no line is lost or torn, each writer's lines keep their order, and
// Close leaves no timer running.
func TestBatchKeepsLines(t *testing.T) {
	t.Parallel()
	out := &recordingWriter{}
	b := NewBatch(out)
	log := slog.New(New(b, Options{}))
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for n := range 500 {
				level := slog.LevelInfo
				if n%100 == 99 {
					level = slog.LevelWarn
				}
				log.Log(t.Context(), level, "line", "writer", w, "n", n)
			}
		})
	}
	all.Wait()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	next := map[int]int{}
	for line := range strings.Lines(strings.Join(out.pieces, "")) {
		var w, n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(line, "warning "), "line writer=%d n=%d\n", &w, &n); err != nil || n != next[w] {
			t.Fatalf("line %q, want %d: %v", line, next[w], err)
		}
		next[w]++
	}
	for w := range 8 {
		if next[w] != 500 {
			t.Errorf("%d lines of writer %d", next[w], w)
		}
	}
}
