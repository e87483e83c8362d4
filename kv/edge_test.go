package kv

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
)

// everyDriver runs a test on each driver with rules for all namespaces.
func everyDriver(t *testing.T, rules Rules, test func(t *testing.T, s *Store, c *clock.Virtual)) {
	t.Helper()
	t.Parallel()
	for name, driver := range map[string]func(t *testing.T) string{
		"memory":   func(*testing.T) string { return Memory },
		"redis":    func(t *testing.T) string { return "redis://" + testkit.StartRedis(t).Addr },
		"embedded": func(*testing.T) string { return Embedded },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewFrozen(epoch)
			t.Cleanup(c.Close)
			s, err := Open(Options{Dir: t.TempDir(), Driver: driver(t), Clock: c, Rules: rules})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			test(t, s, c)
		})
	}
}

// edgeGet is value and cache status of a key, "-" for none.
func edgeGet(t testing.TB, n *Namespace, key string, ttl int64) string {
	t.Helper()
	var o GetOptions
	if ttl != 0 {
		o.CacheTTL = &ttl
	}
	e, status, err := n.GetAtEdge(ctx, key, o)
	if errors.Is(err, ErrKeyNotFound) {
		return "- " + string(status)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(e.Value) + " " + string(status)
}

func TestEventualReads(t *testing.T) {
	everyDriver(t, Rules{Eventual: true}, func(t *testing.T, s *Store, c *clock.Virtual) {
		n := namespace(t, s, "ns")
		steps := []struct {
			after time.Duration
			write string // put to k; "-" deletes it
			ttl   int64
			want  string
		}{
			{0, "", 0, "- MISS"},
			{0, "one", 0, "- HIT"}, // its absence is kept
			{59 * time.Second, "", 0, "- HIT"},
			{time.Second, "", 0, "one MISS"},
			{0, "two", 0, "one HIT"},
			{30 * time.Second, "", 31, "one HIT"},
			{time.Second, "", 0, "two MISS"}, // the last read shortened its life to 31 s
			{0, "three", 3600, "two HIT"},    // kept for 60 s, asking for more does not prolong that
			{60 * time.Second, "", 3600, "three MISS"},
			{0, "four", 3600, "three HIT"},
			{59 * time.Minute, "", 3600, "three HIT"},
			{0, "", 0, "four MISS"}, // the default is a lower one
			{0, "-", 0, "four HIT"},
			{time.Minute, "", 0, "- MISS"},
		}
		for i, step := range steps {
			testkit.Advance(t, c, step.after)
			switch step.write {
			case "":
			case "-":
				if err := n.Delete(ctx, "k"); err != nil {
					t.Fatal(err)
				}
			default:
				put(t, n, "k", step.write, PutOptions{})
				if got := get(t, n, "k"); got != step.write {
					t.Errorf("step %d: the central store has %q", i, got)
				}
			}
			if got := edgeGet(t, n, "k", step.ttl); got != step.want {
				t.Errorf("step %d: %q, want %q", i, got, step.want)
			}
		}
	})
}

// An expiration counts for more than a cacheTtl.
func TestEventualReadsExpire(t *testing.T) {
	everyDriver(t, Rules{Eventual: true}, func(t *testing.T, s *Store, c *clock.Virtual) {
		n := namespace(t, s, "ns")
		put(t, n, "k", "v", PutOptions{ExpirationTTL: seconds(60)})
		if got := edgeGet(t, n, "k", 3600); got != "v MISS" {
			t.Error(got)
		}
		testkit.Advance(t, c, 59*time.Second)
		if got := edgeGet(t, n, "k", 3600); got != "v HIT" {
			t.Error(got)
		}
		if page, status, err := n.ListAtEdge(ctx, ListOptions{}); err != nil || len(page.Keys) != 1 || status != CacheMiss {
			t.Errorf("listed %v, %s, %v", page, status, err)
		}
		testkit.Advance(t, c, time.Second)
		if got := edgeGet(t, n, "k", 3600); got != "- MISS" {
			t.Error(got)
		}
		if page, status, err := n.ListAtEdge(ctx, ListOptions{}); err != nil || len(page.Keys) != 0 || status != CacheHit {
			t.Errorf("listed %v, %s, %v", page, status, err)
		}
	})
}

func TestEventualBulkAndList(t *testing.T) {
	everyDriver(t, Rules{Eventual: true}, func(t *testing.T, s *Store, c *clock.Virtual) {
		n, other := namespace(t, s, "ns"), namespace(t, s, "other")
		bulk := func(n *Namespace) string {
			found, err := n.GetBulkAtEdge(ctx, []string{"a", "b", "c"}, BulkGetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprintf("%s,%s,%s", found["a"].Value, found["b"].Value, found["c"].Value)
		}
		list := func(o ListOptions) string {
			page, status, err := n.ListAtEdge(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, k := range page.Keys {
				names = append(names, k.Name)
			}
			return fmt.Sprintf("%s%v %s", names, page.Complete, status)
		}
		put(t, n, "a", "1", PutOptions{})
		for got, want := range map[string]string{
			edgeGet(t, n, "b", 0): "- MISS", list(ListOptions{}): "[a]true MISS", list(ListOptions{Limit: 1}): "[a]true MISS", bulk(n): "1,,", bulk(other): ",,",
		} {
			if got != want {
				t.Errorf("at first %q, want %q", got, want)
			}
		}
		for _, key := range []string{"a", "b", "c"} {
			put(t, n, key, "2", PutOptions{})
		}
		for got, want := range map[string]string{
			bulk(n): "1,,", edgeGet(t, n, "a", 0): "1 HIT", list(ListOptions{}): "[a]true HIT", list(ListOptions{Limit: 1}): "[a]true HIT", list(ListOptions{Limit: 2}): "[a b]false MISS",
		} {
			if got != want {
				t.Errorf("after the writes %q, want %q", got, want)
			}
		}
		testkit.Advance(t, c, time.Minute)
		for got, want := range map[string]string{bulk(n): "2,2,2", list(ListOptions{}): "[a b c]true MISS", list(ListOptions{Limit: 1}): "[a]false MISS"} {
			if got != want {
				t.Errorf("a minute later %q, want %q", got, want)
			}
		}
		if _, err := n.GetBulkAtEdge(ctx, []string{"a", ""}, BulkGetOptions{}); !errors.Is(err, errEmptyKey) {
			t.Errorf("a bad key: %v", err)
		}
	})
}

// A deleted namespace leaves nothing in the cache.
func TestEventualNamespaceDeleted(t *testing.T) {
	everyDriver(t, Rules{Eventual: true}, func(t *testing.T, s *Store, _ *clock.Virtual) {
		put(t, namespace(t, s, "ns"), "k", "v", PutOptions{})
		if got := edgeGet(t, namespace(t, s, "ns"), "k", 0); got != "v MISS" {
			t.Error(got)
		}
		if err := s.Delete(ctx, "ns"); err != nil {
			t.Fatal(err)
		}
		if got := edgeGet(t, namespace(t, s, "ns"), "k", 0); got != "- MISS" {
			t.Error(got)
		}
	})
}

func TestEdgeIsBounded(t *testing.T) {
	t.Parallel()
	c := clock.NewFrozen(epoch)
	defer c.Close()
	s, err := Open(Options{Driver: Memory, Dir: t.TempDir(), Clock: c, Rules: Rules{Eventual: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := namespace(t, s, "ns")
	big := make([]byte, 10<<20)
	for i := range 8 {
		if err := n.Put(ctx, fmt.Sprint(i), big, PutOptions{}); err != nil {
			t.Fatal(err)
		}
		edgeGet(t, n, fmt.Sprint(i), 0)
		edgeGet(t, n, "0", 0) // used all the time, so it stays
	}
	if s.edge.bytes > maxEdgeBytes || len(s.edge.items) != s.edge.recent.Len() || len(s.edge.items) != 6 {
		t.Errorf("the cache holds %d bytes in %d items", s.edge.bytes, len(s.edge.items))
	}
	for key, want := range map[string]string{"0": "HIT", "1": "MISS", "7": "HIT"} {
		if got := edgeGet(t, n, key, 0); !strings.HasSuffix(got, want) {
			t.Errorf("%s is a %s, want %s", key, got[len(got)-4:], want)
		}
	}
	for i := range 400_000 {
		edgeGet(t, n, fmt.Sprint("missing", i), 0)
	}
	if s.edge.bytes > maxEdgeBytes || len(s.edge.items) != s.edge.recent.Len() {
		t.Errorf("the cache holds %d bytes in %d items", s.edge.bytes, len(s.edge.items))
	}
	s.edge.dropNamespace("ns")
	if s.edge.bytes != 0 || len(s.edge.items) != 0 {
		t.Errorf("the cache still holds %d bytes in %d items", s.edge.bytes, len(s.edge.items))
	}
}

func TestEdgeUnderManyClients(t *testing.T) {
	everyDriver(t, Rules{Eventual: true}, func(t *testing.T, s *Store, c *clock.Virtual) {
		n := namespace(t, s, "ns")
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 20 {
					key := fmt.Sprint(j % 3)
					if err := n.Put(ctx, key, []byte("v"), PutOptions{}); err != nil {
						t.Error(err)
					}
					if _, _, err := n.GetAtEdge(ctx, key, GetOptions{}); err != nil && !errors.Is(err, ErrKeyNotFound) {
						t.Error(err)
					}
					if _, _, err := n.ListAtEdge(ctx, ListOptions{}); err != nil {
						t.Error(err)
					}
					if i == 0 {
						if err := c.Advance(ctx, 30*time.Second); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestWriteLimit(t *testing.T) {
	everyDriver(t, Rules{WriteLimit: true}, func(t *testing.T, s *Store, c *clock.Virtual) {
		n := namespace(t, s, "ns")
		const text = "Too Many Requests"
		put(t, n, "k", "1", PutOptions{})
		put(t, n, "other", "1", PutOptions{})
		put(t, namespace(t, s, "ns2"), "k", "1", PutOptions{})
		wantError(t, n.Put(ctx, "k", nil, PutOptions{}), 429, text)
		wantError(t, n.PutBulk(ctx, []Pair{{Key: "new"}, {Key: "k"}}), 429, text)
		if got := get(t, n, "k") + get(t, n, "new"); got != "1-" {
			t.Errorf("refused writes left %q", got)
		}
		if err := n.Delete(ctx, "k"); err != nil {
			t.Error(err)
		}
		testkit.Advance(t, c, 999*time.Millisecond)
		wantError(t, n.Put(ctx, "k", nil, PutOptions{}), 429, text) // a refused write does not count
		testkit.Advance(t, c, time.Millisecond)
		put(t, n, "k", "2", PutOptions{})
		if err := n.PutBulk(ctx, []Pair{{Key: "new"}, {Key: "new"}}); err != nil {
			t.Error(err)
		}
		wantError(t, n.Put(ctx, "new", nil, PutOptions{}), 429, text)
		wantError(t, n.Put(ctx, "", nil, PutOptions{}), 400, errEmptyKey.Message)
	})
}

func TestWriteLimitForgets(t *testing.T) {
	t.Parallel()
	c := clock.NewFrozen(epoch)
	defer c.Close()
	l := newWriteLimit(c)
	for i := range maxRecentWrites + 100 {
		if err := l.allow(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.lastWrites) > maxRecentWrites+1 || len(l.lastWrites) != len(l.oldestFirst) {
		t.Errorf("%d keys are remembered, %d in order", len(l.lastWrites), len(l.oldestFirst))
	}
	testkit.Advance(t, c, time.Second)
	if err := l.allow("last"); err != nil || len(l.lastWrites) != 1 || len(l.oldestFirst) != 1 {
		t.Errorf("%d keys are remembered a second later, %d in order, %v", len(l.lastWrites), len(l.oldestFirst), err)
	}
}

func TestRulesOfOneNamespace(t *testing.T) {
	t.Parallel()
	s, err := Open(Options{
		Dir: t.TempDir(), Rules: Rules{WriteLimit: true},
		RulesForID: map[string]Rules{"eventual": {Eventual: true}, "plain": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for id, want := range map[string]Rules{"any": {WriteLimit: true}, "eventual": {Eventual: true}, "plain": {}} {
		n := namespace(t, s, id)
		if got := (Rules{n.edge != nil, n.limit != nil}); got != want {
			t.Errorf("%s has %+v, want %+v", id, got, want)
		}
	}
}

// The binding's answers, from which the runtime makes cacheStatus and errors.
func TestBindingEventualAndLimited(t *testing.T) {
	t.Parallel()
	w := startBinding(t)
	w.store.rules = func(string) Rules { return Rules{Eventual: true, WriteLimit: true} }
	status := func(a answer, status, body, cache string) {
		t.Helper()
		w.want(a, status, body)
		if got := a.header.Get("CF-Cache-Status"); got != cache {
			t.Errorf("cache status %q, want %q", got, cache)
		}
	}
	status(w.call("GET", keyPath("k"), nil), "404 Not Found", "", "MISS")
	status(w.call("PUT", keyPath("k"), strings.NewReader("1")), "200 OK", "", "")
	status(w.call("PUT", keyPath("k"), strings.NewReader("2")), "429 Too Many Requests", "Too Many Requests", "")
	status(w.call("GET", keyPath("k"), nil), "404 Not Found", "", "HIT")
	status(w.call("POST", "/bulk/get", strings.NewReader(`{"keys":["k"]}`)), "200 OK", `{"k":null}`, "")
	status(w.call("GET", "/", nil), "200 OK", `{"keys":[{"name":"k"}],"list_complete":true,"cacheStatus":null}`, "MISS")
	status(w.call("GET", "/", nil), "200 OK", `{"keys":[{"name":"k"}],"list_complete":true,"cacheStatus":null}`, "HIT")
	status(w.call("GET", keyPath("k")+"&cache_ttl=10", nil), "400 Invalid cache_ttl of 10. Cache TTL must be at least 30.", "Invalid cache_ttl of 10. Cache TTL must be at least 30.", "")
	testkit.Advance(t, w.clock, time.Minute)
	status(w.call("GET", keyPath("k"), nil), "200 OK", "1", "MISS")
	status(w.call("PUT", keyPath("k"), strings.NewReader("2")), "200 OK", "", "")
	status(w.call("GET", keyPath("k"), nil), "200 OK", "1", "HIT")
}
