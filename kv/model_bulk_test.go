package kv

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/kv/memory"
)

// Steps of the machine in model_test.go that take many keys or end the process.

// restart closes the store in order, perhaps stands still for a while, and opens
// it, sometimes with a clock that was set back.
func (m *machine) restart(rt *rapid.T) {
	if !rarely.Draw(rt, "restart") {
		return
	}
	m.live() // what has expired by now stays gone
	m.settled()
	if err := m.store.Close(); err != nil {
		rt.Fatal(err)
	}
	by := rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, -time.Minute, -time.Hour}).Draw(rt, "stood still")
	m.clock = clock.NewFrozen(m.clock.Now().Add(by))
	m.open(rt)
}

// settled looks at the namespace once, so that it notes what has expired.
func (m *machine) settled() { _, _ = m.ns.Get(ctx, "a", GetOptions{}) }

func (m *machine) putBulk(rt *rapid.T) {
	pairs := make([]Pair, rapid.IntRange(0, 6).Draw(rt, "pairs"))
	for i := range pairs {
		value := someText.Draw(rt, "value")
		if rapid.IntRange(0, 9).Draw(rt, "large") == 0 {
			value = fmt.Sprintf("%0*d", memory.LargeRecordBytes, i) // kept as it is, not copied
		}
		pairs[i] = Pair{Key: someKey.Draw(rt, "key"), Value: []byte(value)}
		e := modelEntry{value: value}
		if rapid.Bool().Draw(rt, "expires") {
			e.expiration = m.clock.Now().Unix() + 90
			pairs[i].Expiration = &e.expiration
		}
		m.model[pairs[i].Key] = e
	}
	if err := m.ns.PutBulk(ctx, pairs); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) deleteBulk(rt *rapid.T) {
	keys := rapid.SliceOfN(someKey, 0, 4).Draw(rt, "keys")
	if err := m.ns.DeleteBulk(ctx, keys); err != nil {
		rt.Fatal(err)
	}
	for _, key := range keys {
		delete(m.model, key)
	}
}

func (m *machine) getBulk(rt *rapid.T) {
	keys := rapid.SliceOfN(someKey, 1, 6).Draw(rt, "keys")
	found, err := m.ns.GetBulk(ctx, keys, BulkGetOptions{})
	if err != nil {
		rt.Fatal(err)
	}
	for _, key := range keys {
		want, ok := m.live()[key]
		got, there := found[key]
		if ok != there || (modelEntry{string(got.Value), string(got.Metadata), got.Expiration}) != want {
			rt.Fatalf("get bulk %q: %+v (%v), want %+v (%v)", key, got, there, want, ok)
		}
	}
}

// A bulk write that a kill cut off is not there in part, at whatever byte.
func TestTornBulkWriteIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	put(t, n, "a", "old", PutOptions{})
	whole := logSize(t, dir, "ns")
	if err := n.PutBulk(ctx, []Pair{{Key: "a", Value: []byte("new")}, {Key: "b", Value: []byte("new")}}); err != nil {
		t.Fatal(err)
	}
	end := logSize(t, dir, "ns")
	for cut := whole; cut <= end; cut++ {
		after := namespace(t, openAt(t, cutLog(t, dir, cut), c), "ns")
		want := "old -"
		if cut == end {
			want = "new new"
		}
		if got := get(t, after, "a") + " " + get(t, after, "b"); got != want {
			t.Errorf("cut at %d of %d: %s, want %s", cut, end, got, want)
		}
	}
}
