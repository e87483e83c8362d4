package queues

import (
	"context"
	"runtime"
	"testing"
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

// BenchmarkMemory reports what a waiting message of 100 bytes costs.
func BenchmarkMemory(b *testing.B) {
	const n = 200_000
	_, q := benchQueue(b)
	out := payload(100)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range n / 100 {
		if _, err := q.Send(context.Background(), out); err != nil {
			b.Fatal(err)
		}
	}
	each := float64(heap()-before) / n
	for b.Loop() {
		q.Metrics()
	}
	b.ReportMetric(each, "B/message")
}
