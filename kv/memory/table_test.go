package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/kv/driver"
)

func putRecord(key, value string, expiration int64) driver.Record {
	r := driver.NewRecord(driver.OpPut, key, nil, expiration, len(value))
	copy(r.Value(), value)
	return r
}

// memoryModel is what a memory must hold.
type memoryModel map[string]driver.Record

func (want memoryModel) check(t interface{ Fatalf(string, ...any) }, m *table) {
	var bytes int64
	deadlines := 0
	for key, r := range want {
		bytes += logBytes(r)
		if r.Expiration() != 0 {
			deadlines++
		}
		if got, ok := m.get(key); !ok || string(got) != string(r) {
			t.Fatalf("%q is %q, want %q", key, got, r)
		}
	}
	if m.count != len(want) || m.bytes != bytes || m.deadlines.count != deadlines || m.order.count != len(want) {
		t.Fatalf("%d keys, %d bytes, %d deadlines, %d ordered; want %d, %d, %d", m.count, m.bytes, m.deadlines.count, m.order.count, len(want), bytes, deadlines)
	}
	var got []string
	for r := range m.from("") {
		got = append(got, string(r.Key()))
	}
	if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("in order: %q", got)
	}
	indexed, live := 0, 0
	for i := range m.index.shards {
		indexed += m.index.shards[i].used
	}
	for _, c := range m.records.chunks {
		live += c.liveBytes
	}
	entries := 0
	for _, r := range want {
		if entries += len(r); len(r) < LargeRecordBytes {
			entries += entryHeader
		}
	}
	if indexed != len(want) || live != entries {
		t.Fatalf("%d in the index, %d bytes live; want %d, %d", indexed, live, len(want), entries)
	}
}

func TestMemoryAgainstAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m, want := newTable(), memoryModel{}
		loaded := rapid.IntRange(0, 20).Draw(rt, "loaded")
		for step := range rapid.IntRange(loaded, 40).Draw(rt, "steps") {
			if step == loaded {
				m.finishLoading()
			}
			from, count := rapid.IntRange(0, 900).Draw(rt, "from"), rapid.IntRange(0, 300).Draw(rt, "count")
			size := rapid.SampledFrom([]int{0, 1, 100, 1000, LargeRecordBytes - 30, LargeRecordBytes, 20_000}).Draw(rt, "size")
			if size > 1000 {
				count = min(count, 20)
			}
			at := rapid.Int64Range(0, 3).Draw(rt, "at")
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1, 2:
				for i := from; i < from+count; i++ {
					r := putRecord(fmt.Sprint("key/", i), strings.Repeat(fmt.Sprint(step%10), size), at)
					m.apply(slices.Clone(r))
					want[fmt.Sprint("key/", i)] = r
				}
			case 3, 4:
				for i := from; i < from+count; i++ {
					m.apply(driver.NewRecord(driver.OpDelete, fmt.Sprint("key/", i), nil, 0, 0))
					delete(want, fmt.Sprint("key/", i))
				}
			case 5:
				m.apply(driver.NewRecord(driver.OpExpire, "", nil, at, 0))
				maps.DeleteFunc(want, func(_ string, r driver.Record) bool { return r.Expiration() != 0 && r.Expiration() <= at })
			}
		}
		if m.loading {
			m.finishLoading()
		}
		want.check(rt, m)
	})
}

// A value that was given out stays what it was, whatever happens to its key and
// to the block that it is in.
func TestRecordsThatWereReadDoNotChange(t *testing.T) {
	t.Parallel()
	m := newTable()
	m.finishLoading()
	var read []driver.Record
	for round := range 20 {
		for i := range 2000 {
			m.apply(putRecord(fmt.Sprint(i), fmt.Sprint("round ", round, " of ", i), 0))
		}
		r, _ := m.get("77")
		read = append(read, r)
	}
	for round, r := range read {
		if got, want := string(r.Value()), fmt.Sprint("round ", round, " of 77"); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	}
	own := 0
	for _, c := range m.records.chunks {
		own += cap(c.data)
	}
	if most := 3 * 2000 * 60; own > most {
		t.Errorf("%d bytes for 2000 small records, want at most %d", own, most)
	}
}

// Memory comes back when keys are deleted, not only when the last one is.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	m := newTable()
	m.finishLoading()
	for i := range 100_000 {
		m.apply(putRecord(fmt.Sprint(i), "a value of some length", 0))
	}
	for i := range 99_000 {
		m.apply(driver.NewRecord(driver.OpDelete, fmt.Sprint(i), nil, 0, 0))
	}
	chunks, table := 0, 0
	for _, c := range m.records.chunks {
		chunks += cap(c.data)
	}
	for i := range m.index.shards {
		table += 8 * len(m.index.shards[i].slots)
	}
	if live := int(m.bytes); chunks > 4*live+chunkBytes || table > 200*m.count || len(m.order.blocks) > 20 {
		t.Errorf("for %d live bytes in %d keys: %d bytes of blocks, %d of index, %d blocks of order", live, m.count, chunks, table, len(m.order.blocks))
	}
}

func TestSortKeyed(t *testing.T) {
	t.Parallel()
	someKey := rapid.OneOf(
		rapid.StringMatching(`[a\x00\xff]{0,40}`),
		rapid.Map(rapid.IntRange(0, 999), func(i int) string { return fmt.Sprintf("a/long/common/beginning/%d", i) }),
		rapid.String(),
	)
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfNDistinct(someKey, 0, 200, rapid.ID).Draw(rt, "keys")
		ids := make([]sortKey, len(keys))
		for i := range ids {
			ids[i].id = uint32(i)
		}
		sortByKey(ids, 0, func(id uint32) string { return keys[id] })
		var got []string
		for _, k := range ids {
			got = append(got, keys[k.id])
		}
		if slices.Sort(keys); !slices.Equal(got, keys) {
			rt.Fatalf("got %q, want %q", got, keys)
		}
	})
}

// What stands in a log may be damaged in ways that its checksums do not show:
// then it is an error, never a panic.
func FuzzLoad(f *testing.F) {
	b, err := driver.Batch([]driver.Record{putRecord("a", "1", 5), driver.NewRecord(driver.OpDelete, "a", nil, 0, 0)})
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range []driver.Record{b, b[:len(b)-1], putRecord("k", "v", 0), driver.NewRecord(driver.OpExpire, "", nil, 9, 0), {}, {9}} {
		f.Add([]byte(r), []byte(putRecord("k", strings.Repeat("v", LargeRecordBytes), 1)))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		m := newTable()
		add, ready := m.load()
		for _, r := range [][]byte{one, two, one} {
			if err := add(r); err != nil {
				break
			}
		}
		ready()
		count := 0
		for r := range m.from("") {
			if got, ok := m.get(string(r.Key())); !ok || string(got) != string(r) {
				t.Fatalf("%q is listed and not found", r.Key())
			}
			count++
		}
		if count != m.count {
			t.Fatalf("%d keys are listed of %d", count, m.count)
		}
	})
}
