package kv

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"flint/internal/clock"
)

func benchName(i int) string { return fmt.Sprintf("user:%08d:session", i) }

// filled is a namespace of count keys with values of 100 bytes.
func filled(b *testing.B, count int, o PutOptions) *Namespace {
	b.Helper()
	return filledIn(b, b.TempDir(), count, o)
}

func filledIn(b *testing.B, dir string, count int, o PutOptions) *Namespace {
	b.Helper()
	n := namespace(b, openAt(b, dir, clock.NewFrozen(epoch)), "ns")
	value := make([]byte, 100)
	order := rand.New(rand.NewPCG(1, 2)).Perm(count)
	for len(order) > 0 {
		chunk := order[:min(len(order), MaxBulkPairs)]
		order = order[len(chunk):]
		pairs := make([]Pair, len(chunk))
		for i, k := range chunk {
			pairs[i] = Pair{benchName(k), value, o}
		}
		if err := n.PutBulk(ctx, pairs); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

var sizes = []int{1_000, 1_000_000}

func BenchmarkGet(b *testing.B) {
	for _, count := range sizes {
		n := filled(b, count, PutOptions{})
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := n.Get(ctx, benchName(rand.IntN(count)), GetOptions{}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		name  string
		count int
		o     PutOptions
	}{{"1000", 1000, PutOptions{}}, {"1000ttl", 1000, PutOptions{ExpirationTTL: seconds(3600)}}, {"1000000", 1_000_000, PutOptions{}}} {
		n := filled(b, c.count, c.o)
		value := make([]byte, 100)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := n.Put(ctx, benchName(rand.IntN(c.count)), value, c.o); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkList(b *testing.B) {
	n := filled(b, 1_000_000, PutOptions{})
	cursor := encodeCursor(benchName(500_000))
	for b.Loop() {
		if _, err := n.List(ctx, ListOptions{Prefix: "user:", Cursor: cursor}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad opens a log of a million keys, and tells the memory of a key
// beside its name and value.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	n := filledIn(b, dir, 1_000_000, PutOptions{})
	path := filepath.Join(dir, fileName("ns"))
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		again, err := openLocal(path, n.clock, inMemory(n).slog)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		own := float64(len(benchName(0)) + 100)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6-own, "overhead-B/key")
		if err := again.close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExpireAll removes a million keys that expire at one moment.
func BenchmarkExpireAll(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		n := filled(b, 1_000_000, PutOptions{ExpirationTTL: seconds(60)})
		b.StartTimer()
		if err := n.clock.(*clock.Virtual).Advance(ctx, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompact rewrites a log of a million keys.
func BenchmarkCompact(b *testing.B) {
	l := inMemory(filled(b, 1_000_000, PutOptions{}))
	for b.Loop() {
		l.compactAll()
		l.compaction.running.Wait()
	}
}
