package kvtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/kv"
)

// machine runs random steps on a namespace and on a map and compares them.
type machine struct {
	*testing.T
	clock *clock.Virtual
	open  Open
	store *kv.Store
	ns    *kv.Namespace
	model map[string]entry
}

type entry struct {
	value, metadata string
	expiration      int64
}

func model(t *testing.T, d Driver) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{T: t, clock: clock.NewFrozen(epoch), open: d.New(t), model: map[string]entry{}}
		defer m.clock.Close()
		m.start(rt)
		defer func() { _ = m.store.Close() }()
		steps := map[string]func(*rapid.T){
			"put": m.put, "put bulk": m.putBulk, "delete": m.delete, "get": m.get, "get bulk": m.getBulk, "list": m.list, "advance": m.advance,
		}
		if !d.Volatile {
			steps["reopen"] = m.reopen
		}
		rt.Repeat(steps)
		m.all(rt, "", 1000)
	})
}

func (m *machine) start(rt *rapid.T) {
	var err error
	if m.store, err = m.open(m.clock); err != nil {
		rt.Fatal(err)
	}
	if m.ns, err = m.store.Namespace("ns"); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) live() map[string]entry {
	now := m.clock.Now().Unix()
	maps.DeleteFunc(m.model, func(_ string, e entry) bool { return e.expiration != 0 && e.expiration <= now })
	return m.model
}

var (
	someKey  = rapid.OneOf(rapid.SampledFrom([]string{"a", "ab", "abc", "b", "é", "a\x00", "\xff"}), rapid.StringMatching(`[ab]{1,4}`))
	someText = rapid.StringN(0, 40, -1)
)

func (m *machine) pair(rt *rapid.T) (kv.Pair, entry) {
	p, e := kv.Pair{Key: someKey.Draw(rt, "key")}, entry{value: someText.Draw(rt, "value")}
	p.Value = []byte(e.value)
	if ttl := rapid.SampledFrom([]int64{0, 60, 61, 100, 3600, 1 << 40}).Draw(rt, "ttl"); ttl != 0 {
		p.ExpirationTTL, e.expiration = &ttl, m.clock.Now().Unix()+ttl
	}
	if rapid.Bool().Draw(rt, "metadata") {
		e.metadata = fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 9).Draw(rt, "n"))
		p.Metadata = []byte(e.metadata)
	}
	return p, e
}

func (m *machine) put(rt *rapid.T) {
	p, e := m.pair(rt)
	if err := m.ns.Put(m.Context(), p.Key, p.Value, p.PutOptions); err != nil {
		rt.Fatal(err)
	}
	m.model[p.Key] = e
}

func (m *machine) putBulk(rt *rapid.T) {
	var pairs []kv.Pair
	for range rapid.IntRange(0, 4).Draw(rt, "pairs") {
		p, e := m.pair(rt)
		pairs = append(pairs, p)
		m.model[p.Key] = e
	}
	if err := m.ns.PutBulk(m.Context(), pairs); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) delete(rt *rapid.T) {
	keys := rapid.SliceOfN(someKey, 1, 3).Draw(rt, "keys")
	if err := m.ns.DeleteBulk(m.Context(), keys); err != nil {
		rt.Fatal(err)
	}
	for _, key := range keys {
		delete(m.model, key)
	}
}

func (m *machine) compare(rt *rapid.T, key string, got kv.Entry, found bool) {
	want, ok := m.live()[key]
	if ok != found || (entry{string(got.Value), string(got.Metadata), got.Expiration}) != want {
		rt.Fatalf("get %q: %+v (found: %v), want %+v (found: %v)", key, got, found, want, ok)
	}
}

func (m *machine) get(rt *rapid.T) {
	key := someKey.Draw(rt, "key")
	got, err := m.ns.Get(m.Context(), key, kv.GetOptions{})
	if err != nil && err != kv.ErrKeyNotFound { //nolint:errorlint // Get returns the sentinel itself
		rt.Fatal(err)
	}
	m.compare(rt, key, got, err == nil)
}

func (m *machine) getBulk(rt *rapid.T) {
	keys := rapid.SliceOfN(someKey, 1, 5).Draw(rt, "keys")
	got, err := m.ns.GetBulk(m.Context(), keys, kv.BulkGetOptions{})
	if err != nil {
		rt.Fatal(err)
	}
	for _, key := range keys {
		e, ok := got[key]
		m.compare(rt, key, e, ok)
	}
}

func (m *machine) list(rt *rapid.T) {
	m.all(rt, rapid.SampledFrom([]string{"", "a", "ab", "z", "\xff"}).Draw(rt, "prefix"), rapid.IntRange(1, 4).Draw(rt, "limit"))
}

// all compares all keys with a prefix, read in pages of limit.
func (m *machine) all(rt *rapid.T, prefix string, limit int) {
	var want, got []string
	for _, key := range slices.Sorted(maps.Keys(m.live())) {
		if strings.HasPrefix(key, prefix) {
			want = append(want, fmt.Sprint(key, m.model[key].metadata, m.model[key].expiration))
		}
	}
	o := kv.ListOptions{Prefix: prefix, Limit: limit}
	for {
		page, err := m.ns.List(m.Context(), o)
		if err != nil {
			rt.Fatal(err)
		}
		for _, k := range page.Keys {
			got = append(got, fmt.Sprint(k.Name, string(k.Metadata), k.Expiration))
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
	if err := m.clock.Advance(m.Context(), d); err != nil {
		rt.Fatal(err)
	}
}

// reopen goes on with another store, as after a restart.
func (m *machine) reopen(rt *rapid.T) {
	if err := m.store.Close(); err != nil {
		rt.Fatal(err)
	}
	m.start(rt)
}
