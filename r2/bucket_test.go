package r2

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"flint/internal/clock"
	"flint/r2/driver"
)

func TestBucketNames(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for _, name := range []string{"", "ab", "-ab", "ab-", "Media", "a_b", "a.b", "../x", "a/b", strings.Repeat("a", 64), "ключ"} {
		if _, err := s.Bucket(name); !errors.Is(err, ErrInvalidBucketName) {
			t.Errorf("%q: %v", name, err)
		}
		if err := s.Declare(name); !errors.Is(err, ErrInvalidBucketName) {
			t.Errorf("declare %q: %v", name, err)
		}
	}
	for _, name := range []string{"abc", "a-b", "123", strings.Repeat("a", 63)} {
		if _, err := s.Bucket(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestBucketLife(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	if _, err := s.Lookup("media"); !errors.Is(err, ErrNoSuchBucket) {
		t.Fatalf("lookup: %v", err)
	}
	b, err := s.Create(BucketInfo{Name: "media", StorageClass: InfrequentAccess, Location: "weur"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(BucketInfo{Name: "media"}); !errors.Is(err, ErrBucketExists) {
		t.Fatalf("created twice: %v", err)
	}
	if err := s.Declare("other"); err != nil {
		t.Fatal(err)
	}
	infos, err := s.Buckets()
	if err != nil || len(infos) != 2 || infos[0] != (BucketInfo{Name: "media", Created: noon, StorageClass: InfrequentAccess, Location: "weur"}) || infos[1].Name != "other" {
		t.Fatalf("buckets %v, %v", infos, err)
	}
	if o := put(t, b, "k", "v"); o.StorageClass != InfrequentAccess {
		t.Errorf("class %s", o.StorageClass)
	}
	if err := s.Delete("media"); !errors.Is(err, ErrBucketNotEmpty) {
		t.Fatalf("deleted a full bucket: %v", err)
	}
	if err := b.Delete(context.Background(), "k"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete("media"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(context.Background(), "k", strings.NewReader("v"), PutOptions{Size: 1}); !errors.Is(err, ErrNoSuchBucket) {
		t.Errorf("put into a deleted bucket: %v", err)
	}
	if b, err = s.Bucket("media"); err != nil {
		t.Fatal(err)
	}
	if l, err := b.List(context.Background(), ListOptions{}); err != nil || len(l.Objects) != 0 {
		t.Errorf("a new bucket has %v, %v", keysOf(l), err)
	}
}

func TestReopenKeepsEverything(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), clock.NewFrozen(noon)
	s, err := Open(Options{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	expiry := int64(1700000000123)
	sum := sha256.Sum256([]byte("content"))
	given := Checksums{SHA256: sum[:]}
	want, err := b.Put(context.Background(), "k", strings.NewReader("content"), PutOptions{
		Size: 7, HTTP: HTTPMetadata{ContentType: "a/b", ContentLanguage: "en", ContentDisposition: "inline", ContentEncoding: "br", CacheControl: "no-cache", CacheExpiry: &expiry},
		Custom: []Field{{Name: "z", Value: "1"}, {Name: "a", Value: "ü"}}, Checksums: given, StorageClass: InfrequentAccess,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err = openStore(t, dir, c).Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Head(context.Background(), "k")
	if err != nil {
		t.Fatal(err)
	}
	a, z := string(appendObject(nil, want, allMetadata)), string(appendObject(nil, got, allMetadata))
	if a != z || !strings.Contains(a, `"2":"`) {
		t.Errorf("put %s\nhead %s", a, z)
	}
}

// A reader keeps the version that it opened, whatever happens to the object.
func TestReadersKeepTheirVersion(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"row", "blob", "parts"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			b, _ := newBucket(t)
			b.store.env.MinPart = 1
			if place != "row" {
				b.store.env.Inline = 0
			}
			old := strings.Repeat("old!", 100)
			if place == "parts" {
				putParts(t, b, "k", old[:200], old[200:])
			} else {
				put(t, b, "k", old)
			}
			body, err := b.Get(context.Background(), "k", GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			head := make([]byte, 10)
			if _, err := io.ReadFull(body.Content, head); err != nil {
				t.Fatal(err)
			}
			put(t, b, "k", "new")
			if err := b.Delete(context.Background(), "k"); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(body.Content)
			if err != nil || string(head)+string(rest) != old {
				t.Errorf("read %d bytes, %v", len(head)+len(rest), err)
			}
			body.Content.Close()
			body.Content.Close()
			wantBlobs(t, b, 0)
		})
	}
}

func putParts(t testing.TB, b *Bucket, key string, contents ...string) *Object {
	t.Helper()
	ctx := context.Background()
	id, err := b.CreateMultipart(ctx, key, MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []Part
	for i, c := range contents {
		etag, err := b.UploadPart(ctx, key, id, i+1, strings.NewReader(c), int64(len(c)))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, Part{Number: i + 1, ETag: etag})
	}
	o, err := b.CompleteMultipart(ctx, key, id, parts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Writers replace an object in all its forms while readers read it whole.
func TestConcurrentReplacement(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	b.store.env.Inline, b.store.env.MinPart = 50, 1
	content := func(n int) string { return strings.Repeat(fmt.Sprintf("%d;", n), 20+n%30) }
	put(t, b, "k", content(0))
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			for n := range 30 {
				if n%3 == w {
					half := content(n)
					putParts(t, b, "k", half[:len(half)/2+len(half)%2], half[len(half)/2+len(half)%2:])
				} else {
					put(t, b, "k", content(n))
				}
			}
		})
	}
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, ok := get(t, b, "k")
				var n int
				if _, err := fmt.Sscanf(got, "%d;", &n); !ok || err != nil || got != content(n) {
					t.Errorf("read %q", got)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if err := b.Delete(context.Background(), "k"); err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, b, 0)
}

func TestWeirdKeys(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	keys := []string{"a", "a/b", "a/b/", "a/b//", "/", "//", ".", "..", "../x", "../../etc/passwd", "A", "é", "e\u0301", " ", "a b", "a\x00b",
		"\n", "%2F", "meta.sqlite", "日本語/😀", "'; DROP TABLE objects; --", "a%b_c", strings.Repeat("k", 1024), strings.Repeat("é", 512)}
	for _, inline := range []int64{driver.MaxInline, 0} {
		b.store.env.Inline = inline
		for _, key := range keys {
			put(t, b, key, "content of "+key)
		}
		for _, key := range keys {
			if got, _ := get(t, b, key); got != "content of "+key {
				t.Errorf("%q: %q", key, got)
			}
		}
	}
	l, err := b.List(context.Background(), ListOptions{})
	if err != nil || len(l.Objects) != len(keys) {
		t.Errorf("list has %d of %d keys, %v", len(l.Objects), len(keys), err)
	}
	for _, key := range []string{strings.Repeat("k", 1025), strings.Repeat("é", 513), "\xff"} {
		if _, err := b.Put(context.Background(), key, strings.NewReader(""), PutOptions{}); !errors.Is(err, ErrInvalidObjectName) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if err := b.Delete(context.Background(), keys...); err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, b, 0)
}

func TestMetadataLimit(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	for _, c := range []struct {
		value string
		fits  bool
	}{
		{strings.Repeat("x", MaxMetadataSize-1), true}, {strings.Repeat("x", MaxMetadataSize), false},
		// One wide character doubles the text that it is in.
		{strings.Repeat("x", MaxMetadataSize/2-2) + "€", true}, {strings.Repeat("x", MaxMetadataSize/2-1) + "€", false},
		{strings.Repeat("ü", MaxMetadataSize-1), true}, {strings.Repeat("😀", MaxMetadataSize/4), false},
	} {
		_, err := b.Put(context.Background(), "k", strings.NewReader(""), PutOptions{Custom: []Field{{Name: "a", Value: c.value}}})
		if c.fits != (err == nil) || err != nil && !errors.Is(err, ErrMetadataTooLarge) {
			t.Errorf("%d bytes: %v", len(c.value), err)
		}
	}
}

func TestPutSizes(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	for _, n := range []int{0, 1, driver.MaxInline - 1, driver.MaxInline, driver.MaxInline + 1, driver.CopyBuffer, driver.CopyBuffer + 1, 3*driver.CopyBuffer + 7} {
		data := strings.Repeat("x", n)
		for _, size := range []int64{int64(n), -1} {
			o, err := b.Put(context.Background(), "k", strings.NewReader(data), PutOptions{Size: size})
			if err != nil || o.Size != int64(n) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if got, _ := get(t, b, "k"); got != data {
				t.Errorf("%d bytes came back as %d", n, len(got))
			}
		}
		for _, size := range []int64{int64(n) + 1, int64(n) - 1} {
			if size < 0 {
				continue
			}
			if _, err := b.Put(context.Background(), "k", strings.NewReader(data), PutOptions{Size: size}); !errors.Is(err, ErrIncompleteBody) {
				t.Errorf("%d bytes that should be %d: %v", n, size, err)
			}
		}
	}
	if _, err := b.Put(context.Background(), "k", strings.NewReader(""), PutOptions{Size: MaxPutSize + 1}); !errors.Is(err, ErrEntityTooLarge) {
		t.Errorf("too large: %v", err)
	}
	boom := errors.New("boom")
	for _, size := range []int64{10, 1 << 20} {
		broken := io.MultiReader(strings.NewReader("12345"), &failing{boom})
		if _, err := b.Put(context.Background(), "k", broken, PutOptions{Size: size}); !errors.Is(err, boom) {
			t.Errorf("broken content: %v", err)
		}
	}
	if err := b.Delete(context.Background(), "k"); err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, b, 0)
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
