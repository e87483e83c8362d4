package kv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/kv/memory"
)

func TestPutGetDelete(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	put(t, n, "a", "one", PutOptions{Metadata: []byte(`{ "x" : [1, 2] }`), ExpirationTTL: seconds(60)})
	e, err := n.Get(ctx, "a", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Value) != "one" || string(e.Metadata) != `{"x":[1,2]}` || e.Expiration != epoch.Unix()+60 {
		t.Errorf("got %q %s %d", e.Value, e.Metadata, e.Expiration)
	}
	put(t, n, "a", "", PutOptions{})
	if e, err = n.Get(ctx, "a", GetOptions{}); err != nil || len(e.Value) != 0 || e.Metadata != nil || e.Expiration != 0 {
		t.Errorf("the second put left %+v, %v", e, err)
	}
	for range 2 {
		if err := n.Delete(ctx, "a"); err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, n, "a"); got != "-" {
		t.Errorf("deleted key has the value %q", got)
	}
}

func TestPutKeepsItsOwnCopy(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	value := []byte("before")
	if err := n.Put(ctx, "k", value, PutOptions{}); err != nil {
		t.Fatal(err)
	}
	copy(value, "after!")
	if got := get(t, n, "k"); got != "before" {
		t.Errorf("got %q", got)
	}
}

func TestAcknowledgedSurvivesACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	put(t, n, "kept", "1", PutOptions{Metadata: []byte(`"m"`), Expiration: seconds(epoch.Unix() + 500)})
	put(t, n, "replaced", "old", PutOptions{})
	put(t, n, "replaced", "new", PutOptions{})
	put(t, n, "deleted", "x", PutOptions{})
	if err := n.Delete(ctx, "deleted"); err != nil {
		t.Fatal(err)
	}
	after := namespace(t, openAt(t, crash(t, dir), c), "ns")
	if got := names(t, after, ListOptions{}); !slices.Equal(got, []string{"kept", "replaced"}) {
		t.Errorf("keys after the crash: %q", got)
	}
	e, err := after.Get(ctx, "kept", GetOptions{})
	if err != nil || string(e.Value) != "1" || string(e.Metadata) != `"m"` || e.Expiration != epoch.Unix()+500 {
		t.Errorf("kept is %+v, %v", e, err)
	}
	if got := get(t, after, "replaced"); got != "new" {
		t.Errorf("replaced is %q", got)
	}
}

func TestTornWriteIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	put(t, n, "whole", "1", PutOptions{})
	whole := logSize(t, dir, "ns")
	put(t, n, "torn", strings.Repeat("x", 100), PutOptions{})
	for cut := whole + 1; cut < logSize(t, dir, "ns"); cut += 7 {
		torn := crash(t, dir)
		if err := os.Truncate(filepath.Join(torn, memory.FileName("ns")), cut); err != nil {
			t.Fatal(err)
		}
		after := namespace(t, openAt(t, torn, c), "ns")
		if got := names(t, after, ListOptions{}); !slices.Equal(got, []string{"whole"}) {
			t.Errorf("cut at %d: %q", cut, got)
		}
		put(t, after, "next", "2", PutOptions{})
		if got := get(t, namespace(t, openAt(t, crash(t, torn), c), "ns"), "next"); got != "2" {
			t.Errorf("cut at %d: a later write is lost", cut)
		}
	}
}

func TestCompactionKeepsTheLogSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	put(t, n, "still", "here", PutOptions{ExpirationTTL: seconds(1000)})
	value := strings.Repeat("v", 64<<10)
	for i := range 400 { // 25 MiB
		put(t, n, "k", fmt.Sprint(i, value), PutOptions{})
		inMemory(n).AwaitCompaction()
	}
	if size := logSize(t, dir, "ns"); size > memory.MinCompactBytes+128<<10 {
		t.Errorf("the log has %d bytes", size)
	}
	after := namespace(t, openAt(t, crash(t, dir), c), "ns")
	if got := get(t, after, "k"); got != "399"+value {
		t.Error("the last value is lost")
	}
	if e, err := after.Get(ctx, "still", GetOptions{}); err != nil || e.Expiration != epoch.Unix()+1000 {
		t.Errorf("still is %+v, %v", e, err)
	}
}

func TestNamespacesAreApartWhateverTheirIDs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ids := []string{"a", "A", "../a", "/etc/passwd", ".", "..", "a b%20", "é", "~", "CON", strings.Repeat("x", maxNamespaceBytes), strings.Repeat("X", 400), strings.Repeat("X", 401)}
	s, c := openStore(t, dir)
	for _, id := range ids {
		put(t, namespace(t, s, id), "id", id, PutOptions{})
	}
	again := openAt(t, crash(t, dir), c)
	for _, id := range ids {
		if got := get(t, namespace(t, again, id), "id"); got != id {
			t.Errorf("namespace %q holds %q", id, got)
		}
	}
	for _, id := range ids[:9] {
		if _, err := openAt(t, crash(t, dir), c).Lookup(ctx, id); err != nil {
			t.Errorf("namespace %q is not found by its log: %v", id, err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(ids) {
		t.Errorf("%d files for %d namespaces, %v", len(files), len(ids), err)
	}
	for _, id := range []string{"", strings.Repeat("x", maxNamespaceBytes+1)} {
		_, err := s.Namespace(id)
		wantError(t, err, 400, "A namespace id must have 1 to 512 bytes")
	}
}

func TestNamespaceIsLoadedOnce(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	var wg sync.WaitGroup
	got := make([]*Namespace, 16)
	for i := range got {
		wg.Go(func() { got[i], _ = s.Namespace("ns") })
	}
	wg.Wait()
	for _, n := range got {
		if n == nil || n != got[0] {
			t.Fatal("callers got different namespaces")
		}
	}
}

func TestForeignLogIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	if err := inMemory(n).AppendToLog([]byte("what is this?")); err != nil {
		t.Fatal(err)
	}
	_, err := openAt(t, crash(t, dir), c).Namespace("ns")
	if err == nil || !strings.Contains(err.Error(), `open KV namespace "ns"`) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, dir, clock.New())
	n := namespace(t, s, "ns")
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Sprintf("%d/%03d", w, i)
				put(t, n, key, key, PutOptions{})
				put(t, n, "shared", key, PutOptions{ExpirationTTL: seconds(int64(100 + i))})
				if got := get(t, n, key); got != key {
					t.Errorf("%s reads %q", key, got)
				}
				if i%2 == 1 {
					if err := n.Delete(ctx, key); err != nil {
						t.Error(err)
					}
				}
				_ = names(t, n, ListOptions{Limit: 10})
			}
		})
	}
	wg.Wait()
	want := names(t, n, ListOptions{})
	if len(want) != writers*each/2+1 {
		t.Errorf("%d keys", len(want))
	}
	shared := get(t, n, "shared")
	after := namespace(t, openAt(t, crash(t, dir), clock.NewFrozen(epoch.AddDate(-10, 0, 0))), "ns")
	if got := names(t, after, ListOptions{}); !slices.Equal(got, want) || get(t, after, "shared") != shared {
		t.Error("the log and the memory saw the writes in different orders")
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s, c := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	put(t, n, "k", "v", PutOptions{ExpirationTTL: seconds(60)})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Put(ctx, "k", nil, PutOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("put after Close: %v", err)
	}
	if _, err := s.Namespace("ns"); !errors.Is(err, ErrClosed) {
		t.Errorf("Namespace after Close: %v", err)
	}
	if got := get(t, n, "k"); got != "v" {
		t.Errorf("a reader that holds the namespace gets %q", got)
	}
	testkit.Advance(t, c, 1e12)
	if got := get(t, n, "k"); got != "-" {
		t.Errorf("expired key reads %q", got)
	}
}

func TestOpenFailsOnBadDir(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: filepath.Join(file, "kv")}); err == nil {
		t.Error("a file was taken for a directory")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, memory.CatalogFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), memory.CatalogFile) {
		t.Errorf("got %v", err)
	}
}

func TestBulk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	pairs := []Pair{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("x")}, {Key: "a", Value: []byte("2")}}
	if err := n.PutBulk(ctx, pairs); err != nil {
		t.Fatal(err)
	}
	bad := append(pairs, Pair{Key: ""})
	wantError(t, n.PutBulk(ctx, bad), 400, "Key names must not be empty")
	found, err := n.GetBulk(ctx, []string{"a", "b", "c", "a"}, BulkGetOptions{})
	if err != nil || len(found) != 2 || string(found["a"].Value) != "2" || string(found["b"].Value) != "x" {
		t.Errorf("got %v, %v", found, err)
	}
	_, err = n.GetBulk(ctx, []string{"a", "b"}, BulkGetOptions{Type: "json"})
	wantError(t, err, 400, "At least one of the requested keys corresponds to a non-json value")
	if err := n.DeleteBulk(ctx, []string{"a", "c"}); err != nil {
		t.Fatal(err)
	}
	after := namespace(t, openAt(t, crash(t, dir), c), "ns")
	if got := names(t, after, ListOptions{}); !slices.Equal(got, []string{"b"}) {
		t.Errorf("left are %q", got)
	}
}

func TestStreamOfUnknownLength(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	value := strings.Repeat("0123456789", 10_000)
	if err := n.PutStream(ctx, "k", strings.NewReader(value), -1, PutOptions{Metadata: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, n, "k"); got != value {
		t.Errorf("got %d bytes", len(got))
	}
	if err := n.PutStream(ctx, "short", strings.NewReader("abc"), 4, PutOptions{}); err == nil {
		t.Error("a short body was stored")
	}
	huge := bytes.NewReader(make([]byte, MaxValueBytes+12345))
	err := n.PutStream(ctx, "huge", huge, -1, PutOptions{})
	wantError(t, err, 413, "Value length of 26226745 exceeds limit of 26214400.")
	if got := names(t, n, ListOptions{}); !slices.Equal(got, []string{"k"}) {
		t.Errorf("keys: %q", got)
	}
}
