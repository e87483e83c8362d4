package queues

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
)

func benchQueue(b *testing.B) (*Broker, *Queue) {
	br, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = br.Close() })
	q, err := br.Queue("jobs")
	if err != nil {
		b.Fatal(err)
	}
	return br, q
}

func payload(n int) []Outgoing {
	out := make([]Outgoing, n)
	for i := range out {
		out[i] = Outgoing{ContentType: "json", Body: make([]byte, 100)}
	}
	return out
}

func BenchmarkSend(b *testing.B) {
	_, q := benchQueue(b)
	out := payload(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSendBatch100(b *testing.B) {
	_, q := benchQueue(b)
	out := payload(100)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDrain counts one message from Send to its acknowledgement.
func BenchmarkDrain(b *testing.B) {
	br, q := benchQueue(b)
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.MaxBatchSize = 0, 100
	if _, err := br.Attach(cfg, &counter{}); err != nil {
		b.Fatal(err)
	}
	out := payload(100)
	b.ReportAllocs()
	for range b.N/100 + 1 {
		if _, err := q.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	if err := br.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	if err := br.Quiesce(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if n := q.Metrics().BacklogCount; n != 0 {
		b.Fatalf("%d messages left", n)
	}
}

type counter struct{}

func (*counter) DeliverQueue(context.Context, Batch) (Outcome, error) {
	return Outcome{Outcome: "ok"}, nil
}

// BenchmarkSendParallel is Send by 16 senders, who share writes.
func BenchmarkSendParallel(b *testing.B) {
	_, q := benchQueue(b)
	out := payload(1)
	b.SetParallelism(16 / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := q.Send(context.Background(), out); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkBacklog is a queue of a million messages: what it takes of the
// process's memory, how long a restart takes, and how fast it is drained at
// its beginning and at its end. These two are of all rounds together, each of
// which is logged: a tenth takes as long as one collection of garbage, so one
// round says as much about where those fell as about the queue.
//
//	go test ./queues -run '^$' -bench Backlog -benchtime 10x
func BenchmarkBacklog(b *testing.B) {
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			var first, last time.Duration
			for b.Loop() {
				f, l := backlog(b, 1_000_000, size)
				b.Logf("first tenth %v, last tenth %v", f, l)
				first, last = first+f, last+l
			}
			perSecond := float64(b.N) * 100_000
			b.ReportMetric(perSecond/first.Seconds(), "first/s")
			b.ReportMetric(perSecond/last.Seconds(), "last/s")
			b.ReportMetric(first.Seconds()/last.Seconds(), "last/first")
		})
	}
}

// backlog returns how long the first and the last tenth took to be drained.
func backlog(b *testing.B, n, size int) (first, last time.Duration) {
	dir := b.TempDir()
	br, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	watch := clock.StartStopwatch()
	fill(b, br, n, size)
	b.ReportMetric(float64(n)/watch.Elapsed().Seconds(), "sent/s")
	b.ReportMetric(float64(resident(b, "VmRSS:"))/1e6, "MB-queued")
	if err := br.Close(); err != nil {
		b.Fatal(err)
	}
	watch = clock.StartStopwatch()
	if br, err = Open(Options{Dir: dir}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(watch.Elapsed().Seconds(), "s-restart")
	d := &paced{n: n / 10}
	drain(b, br, d)
	first, last = d.marks[1].Sub(d.marks[0]), d.marks[len(d.marks)-1].Sub(d.marks[len(d.marks)-2])
	b.ReportMetric(float64(resident(b, "VmHWM:"))/1e6, "MB-peak")
	if err := br.Close(); err != nil {
		b.Fatal(err)
	}
	return first, last
}

// resident is the process's memory in bytes, now (VmRSS:) or at most (VmHWM:).
func resident(tb testing.TB, which string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] == which {
			n, _ := strconv.Atoi(f[1])
			return n << 10
		}
	}
	tb.Fatalf("no %s", which)
	return 0
}

func fill(tb testing.TB, br *Broker, n, size int) {
	tb.Helper()
	q, err := br.Queue("jobs")
	if err != nil {
		tb.Fatal(err)
	}
	out := make([]Outgoing, 100)
	for i := range out {
		out[i] = Outgoing{ContentType: "text", Body: []byte(strings.Repeat("x", size))}
	}
	for range n / 100 {
		if _, err := q.Send(context.Background(), out); err != nil {
			tb.Fatal(err)
		}
	}
}

func drain(tb testing.TB, br *Broker, d Deliverer) {
	tb.Helper()
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.MaxBatchSize, cfg.MaxConcurrency = 0, 100, 1
	if _, err := br.Attach(cfg, d); err != nil {
		tb.Fatal(err)
	}
	if err := br.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	if err := br.Quiesce(context.Background()); err != nil {
		tb.Fatal(err)
	}
	q, _ := br.Queue("jobs")
	if m := q.Metrics(); m.BacklogCount != 0 {
		tb.Fatalf("%d messages left", m.BacklogCount)
	}
}

// paced notes the time after each n messages.
type paced struct {
	n, seen int
	clock   clock.Clock
	marks   []time.Time
}

func (p *paced) DeliverQueue(_ context.Context, b Batch) (Outcome, error) {
	if p.clock == nil {
		p.clock = clock.New()
		p.marks = append(p.marks, p.clock.Now())
	}
	if before := p.seen / p.n; (p.seen+len(b.Messages))/p.n > before {
		p.marks = append(p.marks, p.clock.Now())
	}
	p.seen += len(b.Messages)
	return Outcome{Outcome: "ok"}, nil
}

// A queue of many messages is in its journal, not in memory: whatever their
// size, a message takes as much as what is known of it.
func TestBacklogIsNotInMemory(t *testing.T) {
	const n, size = 50_000, 1000
	br, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer br.Close()
	before := heapBytes()
	fill(t, br, n, size)
	if each := (heapBytes() - before) / n; each > 130 {
		t.Errorf("a waiting message takes %d bytes of memory", each)
	}
	d := &paced{n: n}
	drain(t, br, d)
	if d.seen != n {
		t.Errorf("%d messages delivered", d.seen)
	}
	if left := heapBytes() - before; left > 2<<20 {
		t.Errorf("%d bytes of memory are left after the queue is empty", left)
	}
}

func heapBytes() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
