package kv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/testkit"
	"flint/kv/memory"
)

// cutLog is a copy of a store whose log ends at size.
func cutLog(t testing.TB, dir string, size int64) string {
	t.Helper()
	to := crash(t, dir)
	if err := os.Truncate(filepath.Join(to, memory.FileName("ns")), size); err != nil {
		t.Fatal(err)
	}
	return to
}

// Sixty-four clients do everything at once while the log is compacted and the
// clock moves; then memory, and what a crash leaves, hold the same.
func TestSixtyFourClients(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	const clients, each = 64, 60
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := range each {
				clientStep(t, n, client, i)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		all.Wait()
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			inMemory(n).StartCompaction()
			testkit.Advance(t, c, time.Second)
			inMemory(n).AwaitCompaction()
		}
	}
	testkit.Advance(t, c, time.Hour)
	want := names(t, n, ListOptions{})
	if len(want) != clients+1 {
		t.Errorf("%d keys are left, want one of each client and one of all", len(want))
	}
	after := namespace(t, openAt(t, crash(t, dir), c), "ns")
	if got := names(t, after, ListOptions{}); !slices.Equal(got, want) {
		t.Errorf("after a crash: %q, want %q", got, want)
	}
	for _, key := range want {
		if got, want := get(t, after, key), get(t, n, key); got != want {
			t.Errorf("%s is %q after a crash, want %q", key, got, want)
		}
	}
}

func clientStep(t *testing.T, n *Namespace, client, i int) {
	own := fmt.Sprintf("own/%02d", client)
	value := strings.Repeat(fmt.Sprint(client, " ", i, " "), 1+i%7*200)
	put(t, n, own, value, PutOptions{})
	if got := get(t, n, own); got != value {
		t.Errorf("%s reads %.40q, want %.40q", own, got, value)
	}
	put(t, n, fmt.Sprintf("short/%02d/%d", client, i), "x", PutOptions{ExpirationTTL: seconds(60)})
	pairs := []Pair{{Key: "shared", Value: []byte(own)}, {Key: own + "/b", Value: []byte("x")}}
	if err := n.PutBulk(ctx, pairs); err != nil {
		t.Error(err)
	}
	if err := n.Delete(ctx, own+"/b"); err != nil {
		t.Error(err)
	}
	if _, err := n.GetBulk(ctx, []string{own, "shared"}, BulkGetOptions{}); err != nil {
		t.Error(err)
	}
	page, err := n.List(ctx, ListOptions{Prefix: "own/", Limit: 100})
	if err != nil || !slices.IsSortedFunc(page.Keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("a list is out of order (%v)", err)
	}
}

// Writers that come together share a call to the log, and each is answered for
// its own write.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	l := inMemory(n)
	release := l.HoldWriters() // as if somebody wrote
	var first, rest sync.WaitGroup
	first.Go(func() { put(t, n, "0", "v", PutOptions{}) })
	for l.WaitingWriters() != 1 {
	}
	for i := range 20 {
		rest.Go(func() { put(t, n, fmt.Sprint(i+1), "v", PutOptions{}) })
	}
	for l.WaitingWriters() != 21 {
	}
	if got := get(t, n, "0"); got != "-" { // readers do not wait, and see nothing that is not durable
		t.Errorf("a write that waits reads %q", got)
	}
	release()
	first.Wait()
	rest.Wait()
	if got := len(names(t, namespace(t, openAt(t, crash(t, dir), c), "ns"), ListOptions{})); got != 21 {
		t.Errorf("%d keys after a crash", got)
	}
	if err := l.CloseLog(); err != nil { // what comes now fails, for all who wait together
		t.Fatal(err)
	}
	var failing sync.WaitGroup
	for range 8 {
		failing.Go(func() {
			if err := n.Put(ctx, "late", nil, PutOptions{}); err == nil {
				t.Error("a write that the log did not take was acknowledged")
			}
		})
	}
	failing.Wait()
	if got := get(t, n, "late"); got != "-" {
		t.Errorf("a write that failed reads %q", got)
	}
}

// FuzzKey puts and gets a key of any bytes as the runtime writes it.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"a", "a/b", "%", "%2F", " ", "a b+c", "?q#f", "é☃💩", "..", ".", "", "\n", "\x00", "\xff", strings.Repeat("é", 256), strings.Repeat("k", 513)} {
		f.Add(key)
	}
	w := startBinding(f)
	n := namespace(f, w.store, "ns1")
	f.Fuzz(func(t *testing.T, key string) {
		w.t = t
		legal := checkKey(key) == nil
		a := w.call("PUT", keyPath(key), strings.NewReader("value of "+key))
		if ok := a.status == "200 OK"; ok != legal {
			t.Fatalf("put %q: %s", key, a.status)
		}
		if !legal {
			return
		}
		if got := get(t, n, key); got != "value of "+key {
			t.Fatalf("%q was stored as another key: %q", key, got)
		}
		if a := w.call("GET", keyPath(key), nil); a.body != "value of "+key {
			t.Fatalf("get %q: %s %q", key, a.status, a.body)
		}
		if got := names(t, n, ListOptions{Prefix: key}); len(got) != 1 || got[0] != key {
			t.Fatalf("list with the prefix %q: %q", key, got)
		}
		if a := w.call("DELETE", keyPath(key), nil); a.status != "200 OK" || get(t, n, key) != "-" {
			t.Fatalf("delete %q: %s", key, a.status)
		}
	})
}

// FuzzListQuery asks for a list with any parameters: the answer is a page or a
// sentence, never a failure of flint's own.
func FuzzListQuery(f *testing.F) {
	for _, q := range []string{"", "key_count_limit=2&prefix=a", "cursor=YQ%3D%3D", "key_count_limit=-1", "key_count_limit=1e9", "prefix=%ff", "cursor=%", "a;b", "prefix=" + strings.Repeat("x", 600)} {
		f.Add(q)
	}
	w := startBinding(f)
	for _, key := range []string{"a", "ab", "b", "\xff"} {
		put(f, namespace(f, w.store, "ns1"), key, "v", PutOptions{})
	}
	f.Fuzz(func(t *testing.T, query string) {
		w.t = t
		for _, c := range query {
			if c <= ' ' || c == '#' || c > '~' {
				return // no request holds it
			}
		}
		if a := w.call("GET", "/?"+query, nil); a.status != "200 OK" && !strings.HasPrefix(a.status, "4") {
			t.Fatalf("%q: %s %s", query, a.status, a.body)
		}
	})
}
