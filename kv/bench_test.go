package kv

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/wal"
	"flint/kv/driver"
	"flint/kv/memory"
)

// The keys of the benchmarks have 20 bytes and their values 20.
const benchOwn = 40

var benchValue = []byte(strings.Repeat("v", benchOwn/2))

// benchName is a key of 20 bytes.
func benchName(i int) string {
	name := []byte("user:00000000:sessio")
	for at := 12; i > 0; at, i = at-1, i/10 {
		name[at] = byte('0' + i%10)
	}
	return string(name)
}

// filled is a namespace of count keys that were written in no order.
func filled(b *testing.B, count int, o PutOptions) *Namespace {
	b.Helper()
	return filledIn(b, b.TempDir(), count, o)
}

func filledIn(b *testing.B, dir string, count int, o PutOptions) *Namespace {
	b.Helper()
	n := namespace(b, openAt(b, dir, clock.NewFrozen(epoch)), "ns")
	order := rand.New(rand.NewPCG(1, 2)).Perm(count)
	for len(order) > 0 {
		chunk := order[:min(len(order), MaxBulkPairs)]
		order = order[len(chunk):]
		pairs := make([]Pair, len(chunk))
		for i, k := range chunk {
			pairs[i] = Pair{benchName(k), benchValue, o}
		}
		if err := n.PutBulk(ctx, pairs); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

var sizes = []int{1_000, 1_000_000}

// BenchmarkGet reads keys at random.
func BenchmarkGet(b *testing.B) {
	for _, count := range sizes {
		n := filled(b, count, PutOptions{})
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := n.Get(ctx, benchName(rand.IntN(count)), GetOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBindingGet is a get at random as the runtime asks for it.
func BenchmarkBindingGet(b *testing.B) {
	for _, count := range sizes {
		w := startBinding(b)
		n := namespace(b, w.store, "ns1")
		for start := 0; start < count; start += MaxBulkPairs {
			pairs := make([]Pair, min(MaxBulkPairs, count))
			for i := range pairs {
				pairs[i] = Pair{Key: benchName(start + i), Value: benchValue}
			}
			if err := n.PutBulk(ctx, pairs); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				w.call("GET", keyPath(benchName(rand.IntN(count))), nil)
			}
		})
	}
}

// BenchmarkPut is durable puts by 1, 16 and 64 writers.
func BenchmarkPut(b *testing.B) {
	for _, c := range []struct {
		name           string
		count, writers int
		o              PutOptions
	}{
		{"1writer", 1000, 1, PutOptions{}},
		{"16writers", 1000, 16, PutOptions{}},
		{"64writers", 1000, 64, PutOptions{}},
		{"ttl", 1000, 1, PutOptions{ExpirationTTL: seconds(3600)}},
		{"1000000keys", 1_000_000, 1, PutOptions{}},
	} {
		n := filled(b, c.count, c.o)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var all sync.WaitGroup
			for w := range c.writers {
				all.Go(func() {
					for i := w; i < b.N; i += c.writers {
						if err := n.Put(ctx, benchName(rand.IntN(c.count)), benchValue, c.o); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// BenchmarkInsert writes a million new keys in no order, one by one.
func BenchmarkInsert(b *testing.B) {
	n := namespace(b, openAt(b, b.TempDir(), clock.NewFrozen(epoch)), "ns")
	order := rand.New(rand.NewPCG(1, 2)).Perm(1_000_000)
	for i := 0; b.Loop(); i++ {
		if err := n.Put(ctx, benchName(order[i%len(order)]), benchValue, PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList is a page of 1,000 keys from the middle of a million.
func BenchmarkList(b *testing.B) {
	n := filled(b, 1_000_000, PutOptions{})
	cursor := encodeCursor(benchName(500_000))
	for b.Loop() {
		if _, err := n.List(ctx, ListOptions{Prefix: "user:", Cursor: cursor}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMemory tells what a key takes beside its own bytes after all of a
// million were written twice, and how long the garbage collector works.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		n := filled(b, 1_000_000, PutOptions{})
		for i := range 1_000_000 {
			if err := n.Put(ctx, benchName(i), benchValue, PutOptions{}); err != nil {
				b.Fatal(err)
			}
		}
		inMemory(n).AwaitCompaction()
		b.ReportMetric(float64(heap()-before)/1e6-benchOwn, "overhead-B/key")
		watch := clock.StartStopwatch()
		runtime.GC()
		b.ReportMetric(float64(watch.Elapsed().Microseconds())/1e3, "gc-ms")
		if err := n.close(); err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(n)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRestart opens a log of a million keys: one that holds each once, and
// one that was never compacted and holds each three times.
func BenchmarkRestart(b *testing.B) {
	for _, writes := range []int{1, 3} {
		b.Run(fmt.Sprint(writes, "writes"), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), memory.FileName("ns"))
			writeLog(b, path, writes)
			l := reopen(b, path)
			for b.Loop() {
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
				l = reopen(b, path)
			}
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// reopen is a restart; no compaction runs, so that the log stays as it is.
func reopen(b *testing.B, path string) *memory.Namespace {
	l, err := memory.OpenNamespace(path, clock.NewFrozen(epoch), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if l.Usage().Keys != 1_000_000 {
		b.Fatalf("%d keys", l.Usage().Keys)
	}
	return l
}

// writeLog writes a log of a million keys in no order.
func writeLog(b *testing.B, path string, writes int) {
	b.Helper()
	log, err := wal.Open(path, func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	for w := range writes {
		var records [][]byte
		for _, k := range rand.New(rand.NewPCG(1, uint64(w))).Perm(1_000_000) {
			r := driver.NewRecord(driver.OpPut, benchName(k), nil, 0, len(benchValue))
			copy(r.Value(), benchValue)
			if records = append(records, r); len(records) == 10_000 {
				if err := log.Append(records...); err != nil {
					b.Fatal(err)
				}
				records = records[:0]
			}
		}
	}
	if err := log.Close(); err != nil {
		b.Fatal(err)
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

// BenchmarkCompact rewrites a log of a million keys, and tells the longest time
// that a put and a get took meanwhile.
func BenchmarkCompact(b *testing.B) {
	n := filled(b, 1_000_000, PutOptions{})
	l := inMemory(n)
	for b.Loop() {
		l.StartCompaction()
		done := make(chan struct{})
		var users sync.WaitGroup
		users.Go(func() {
			b.ReportMetric(longest(done, func(key string) error { return n.Put(ctx, key, benchValue, PutOptions{}) }), "longest-put-ms")
		})
		users.Go(func() {
			b.ReportMetric(longest(done, func(key string) error { _, err := n.Get(ctx, key, GetOptions{}); return err }), "longest-get-ms")
		})
		l.AwaitCompaction()
		close(done)
		users.Wait()
	}
}

// longest calls f until done and returns the time of the longest call in ms.
func longest(done chan struct{}, f func(key string) error) float64 {
	var most time.Duration
	for i := 0; ; i++ {
		select {
		case <-done:
			return float64(most.Microseconds()) / 1e3
		default:
		}
		watch := clock.StartStopwatch()
		if err := f(benchName(i * 7919 % 1_000_000)); err != nil {
			panic(err)
		}
		most = max(most, watch.Elapsed())
	}
}
