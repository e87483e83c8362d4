package kv

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/wal"
	"flint/kv/driver"
)

// machine runs random steps on a namespace and on a map and compares them.
type machine struct {
	t     *testing.T
	dir   string
	clock *clock.Virtual
	store *Store
	ns    *Namespace
	model map[string]modelEntry
}

type modelEntry struct {
	value, metadata string
	expiration      int64
}

func (m *machine) open(rt *rapid.T) {
	s, err := Open(Options{Dir: m.dir, Clock: m.clock})
	if err != nil {
		rt.Fatal(err)
	}
	n, err := s.Namespace("ns")
	if err != nil {
		rt.Fatal(err)
	}
	m.store, m.ns = s, n
}

func (m *machine) live() map[string]modelEntry {
	now := m.clock.Now().Unix()
	maps.DeleteFunc(m.model, func(_ string, e modelEntry) bool { return e.expiration != 0 && e.expiration <= now })
	return m.model
}

var (
	someKey  = rapid.OneOf(rapid.SampledFrom([]string{"a", "ab", "abc", "b", "é"}), rapid.StringMatching(`[ab]{1,4}`))
	rarely   = rapid.Map(rapid.IntRange(0, 4), func(n int) bool { return n == 4 }) // it waits for the disk
	someText = rapid.StringN(0, 40, -1)
)

func (m *machine) put(rt *rapid.T) {
	key, e := someKey.Draw(rt, "key"), modelEntry{value: someText.Draw(rt, "value")}
	var o PutOptions
	if ttl := rapid.SampledFrom([]int64{0, 60, 61, 100, 3600}).Draw(rt, "ttl"); ttl != 0 {
		o.ExpirationTTL, e.expiration = &ttl, m.clock.Now().Unix()+ttl
	}
	if rapid.Bool().Draw(rt, "metadata") {
		e.metadata = fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 9).Draw(rt, "n"))
		o.Metadata = []byte(e.metadata)
	}
	if err := m.ns.Put(ctx, key, []byte(e.value), o); err != nil {
		rt.Fatal(err)
	}
	m.model[key] = e
}

func (m *machine) delete(rt *rapid.T) {
	key := someKey.Draw(rt, "key")
	if err := m.ns.Delete(ctx, key); err != nil {
		rt.Fatal(err)
	}
	delete(m.model, key)
}

func (m *machine) get(rt *rapid.T) {
	key := someKey.Draw(rt, "key")
	want, ok := m.live()[key]
	got, err := m.ns.Get(ctx, key, GetOptions{})
	if ok != (err == nil) {
		rt.Fatalf("get %q: %v, but the model has it: %v", key, err, ok)
	}
	if (modelEntry{string(got.Value), string(got.Metadata), got.Expiration}) != want {
		rt.Fatalf("get %q: %+v, want %+v", key, got, want)
	}
}

func (m *machine) list(rt *rapid.T) {
	o := ListOptions{
		Prefix: rapid.SampledFrom([]string{"", "a", "ab", "z"}).Draw(rt, "prefix"),
		Limit:  rapid.IntRange(1, 4).Draw(rt, "limit"),
	}
	var want, got []string
	for _, key := range slices.Sorted(maps.Keys(m.live())) {
		if strings.HasPrefix(key, o.Prefix) {
			want = append(want, key)
		}
	}
	for {
		page, err := m.ns.List(ctx, o)
		if err != nil {
			rt.Fatal(err)
		}
		for _, k := range page.Keys {
			got = append(got, k.Name)
		}
		if o.Cursor = page.Cursor; page.Complete {
			break
		}
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("list %+v: %q, want %q", o, got, want)
	}
}

func (m *machine) advance(rt *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{time.Second, 59 * time.Second, time.Minute, time.Hour}).Draw(rt, "by")
	if err := m.clock.Advance(ctx, d); err != nil {
		rt.Fatal(err)
	}
}

// crash goes on with a copy of the files, while the old store is still open.
func (m *machine) crash(rt *rapid.T) {
	if !rarely.Draw(rt, "crash") {
		return
	}
	old := m.store
	m.dir = crash(m.t, m.dir)
	m.open(rt)
	if err := old.Close(); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) compact(rt *rapid.T) {
	if !rarely.Draw(rt, "compact") {
		return
	}
	l := inMemory(m.ns)
	if l.StartCompaction(); rapid.Bool().Draw(rt, "wait") {
		l.AwaitCompaction()
	}
}

// check compares what is in memory with what must be there.
func (m *machine) check(rt *rapid.T) {
	live, mem := m.live(), inMemory(m.ns).Usage()
	var bytes int64
	deadlines := 0
	for key, e := range live {
		bytes += int64(driver.RecordHeaderBytes + len(key) + len(e.value) + len(e.metadata) + wal.HeaderSize)
		if e.expiration != 0 {
			deadlines++
		}
	}
	if mem.Keys != len(live) || mem.Bytes != bytes || mem.Deadlines != deadlines {
		rt.Fatalf("memory has %d keys, %d bytes, %d deadlines; want %d, %d, %d",
			mem.Keys, mem.Bytes, mem.Deadlines, len(live), bytes, deadlines)
	}
}

func TestNamespaceAgainstAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{t: t, dir: t.TempDir(), clock: clock.NewFrozen(epoch), model: map[string]modelEntry{}}
		m.open(rt)
		defer func() { _ = m.store.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.put, "delete": m.delete, "get": m.get, "list": m.list,
			"advance": m.advance, "crash": m.crash, "compact": m.compact, "": m.check,
			"restart": m.restart, "putBulk": m.putBulk, "deleteBulk": m.deleteBulk, "getBulk": m.getBulk,
		})
	})
}
