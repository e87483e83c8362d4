package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/r2/disk"
	"flint/r2/driver"
)

// inTable counts the rows of the table.
func inTable(t *testing.T, b *Bucket) (n int) {
	t.Helper()
	n, err := diskOf(b).Rows()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// killed opens a copy of the bucket's folder as it is now: what a kill would
// leave of it.
func killed(t *testing.T, b *Bucket) *Bucket {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, b.name), os.DirFS(diskOf(b).Dir())); err != nil {
		t.Fatal(err)
	}
	copied, err := openStore(t, dir, clock.NewFrozen(noon)).Lookup(b.name)
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

func TestKilledBeforePutsAreSettled(t *testing.T) {
	t.Parallel()
	b, c := newBucket(t)
	put(t, b, "settled", "old")
	put(t, b, "replaced", "old")
	if err := diskOf(b).Settle(); err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", driver.MaxInline+1)
	put(t, b, "replaced", "new")
	put(t, b, "blob", large)
	put(t, b, "empty", "")
	expiry := int64(-1)
	want, err := b.Put(context.Background(), "described", strings.NewReader("v"), PutOptions{
		HTTP: HTTPMetadata{ContentType: "a/b", CacheExpiry: &expiry}, Custom: []Field{{Name: "k", Value: "not\xfftext"}},
		Checksums: Checksums{SHA1: mustHex("7a38d8cbd20d9932ba948efaa364bb62651d5ad4")}, StorageClass: InfrequentAccess, Size: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := inTable(t, b); n != 2 {
		t.Errorf("%d rows in the table before it was needed", n)
	}
	for _, b := range []*Bucket{b, killed(t, b)} {
		for key, content := range map[string]string{"settled": "old", "replaced": "new", "blob": large, "empty": "", "described": "v"} {
			if got, ok := get(t, b, key); !ok || got != content {
				t.Errorf("%s: %d bytes, want %d", key, len(got), len(content))
			}
		}
		got, err := b.Head(context.Background(), "described")
		if err != nil {
			t.Fatal(err)
		}
		if a, z := string(appendObject(nil, want, allMetadata)), string(appendObject(nil, got, allMetadata)); a != z {
			t.Errorf("put  %s\nhead %s", a, z)
		}
		if got.Custom[0].Value != "not\ufffdtext" {
			t.Errorf("metadata %q", got.Custom[0].Value)
		}
		wantBlobs(t, b, 1)
	}
}

// A kill after the transaction and before the journal is empty.
func TestKilledWhilePutsAreSettled(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	put(t, b, "a", "1")
	put(t, b, "b", "2")
	journal, err := os.ReadFile(filepath.Join(diskOf(b).Dir(), disk.JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := diskOf(b).Settle(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "media")
	if err := os.CopyFS(dir, os.DirFS(diskOf(b).Dir())); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, disk.JournalFile), journal, 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := openStore(t, filepath.Dir(dir), clock.NewFrozen(noon)).Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	for key, content := range map[string]string{"a": "1", "b": "2"} {
		if got, _ := get(t, left, key); got != content {
			t.Errorf("%s: %q", key, got)
		}
	}
	if n := inTable(t, left); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// What changes the table itself is not undone by an older put in the journal.
func TestWritesPastTheJournal(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	b.store.env.MinPart = 1
	for _, key := range []string{"deleted", "parts", "large", "two", "three"} {
		put(t, b, key, "old")
	}
	get(t, b, "deleted") // and none of it comes from memory
	if err := b.Delete(ctx, "deleted"); err != nil {
		t.Fatal(err)
	}
	putParts(t, b, "parts", "new p", "arts")
	large := strings.Repeat("x", disk.MaxJournaled+1)
	put(t, b, "large", large)
	put(t, b, "two", "newer")
	if err := b.Delete(ctx, "two", "three", "none"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"parts": "new parts", "large": large}
	for _, b := range []*Bucket{b, killed(t, b)} {
		for _, key := range []string{"deleted", "parts", "large", "two", "three"} {
			if got, ok := get(t, b, key); got != want[key] || ok != (want[key] != "") {
				t.Errorf("%s: %.20q %v", key, got, ok)
			}
		}
	}
	put(t, b, "parts", "newest") // over an object with rows of parts
	if got, _ := get(t, killed(t, b), "parts"); got != "newest" {
		t.Errorf("parts: %q", got)
	}
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	b.store.env.Journal = 4 << 10
	content := strings.Repeat("x", 1<<10)
	for n := range 100 {
		put(t, b, fmt.Sprintf("key-%d", n), content)
		if size := diskOf(b).JournalBytes(); size > 6<<10 {
			t.Fatalf("a journal of %d bytes", size)
		}
	}
	if n := inTable(t, b); n < 90 {
		t.Errorf("%d rows in the table", n)
	}
	b.store.env.Journal = maxJournal
	for n := range disk.MaxUnsettled + 10 {
		put(t, b, fmt.Sprintf("other-%d", n), "")
	}
	if n := diskOf(b).UnsettledKeys(); n > disk.MaxUnsettled {
		t.Errorf("%d puts wait", n)
	}
}

// A journal that cannot be written refuses the put and keeps the old object.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	put(t, b, "k", "old")
	if err := diskOf(b).CloseJournal(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(context.Background(), "k", strings.NewReader("new"), PutOptions{Size: 3}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("put: %v", err)
	}
	if got, _ := get(t, b, "k"); got != "old" {
		t.Errorf("content %q", got)
	}
	if _, err := b.List(context.Background(), ListOptions{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("list: %v", err)
	}
	diskOf(b).ForgetUnsettled() // the rows are in the table; let the store close
}

// Readers never see an older version after a newer one, whichever way it is stored.
func TestReadersGoForward(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	b.store.env.Journal = 2 << 10
	content := func(n int) string { return fmt.Sprintf("%08d", n) + strings.Repeat("x", n%3*(disk.MaxJournaled-4)/2) }
	put(t, b, "k", content(0))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for last := 0; ; {
				select {
				case <-done:
					return
				default:
				}
				got, _ := get(t, b, "k")
				var n int
				if _, err := fmt.Sscanf(got, "%08d", &n); err != nil || got != content(n) || n < last {
					t.Errorf("read %.20q after %d: %v", got, last, err)
					return
				}
				last = n
			}
		})
	}
	for n := range 300 {
		put(t, b, "k", content(n+1))
		put(t, b, fmt.Sprintf("other-%d", n%7), content(n))
	}
	close(done)
	readers.Wait()
}

func mustHex(s string) []byte {
	var b []byte
	if _, err := fmt.Sscanf(s, "%x", &b); err != nil {
		panic(err)
	}
	return b
}

// A get reads the content of the row, not of the buffer that the put came in.
func TestContentOutlivesThePut(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	data := []byte("content")
	if _, err := b.Put(context.Background(), "k", bytes.NewReader(data), PutOptions{Size: 7}); err != nil {
		t.Fatal(err)
	}
	body, err := b.Get(context.Background(), "k", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "k", "another")
	put(t, b, "j", "another")
	if got, err := io.ReadAll(body.Content); string(got) != "content" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}
