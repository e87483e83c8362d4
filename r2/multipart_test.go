package r2

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/r2/driver"
)

func TestMultipartRules(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	b.store.env.MinPart = 10
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{Custom: []Field{{Name: "a", Value: "b"}}, StorageClass: InfrequentAccess})
	if err != nil {
		t.Fatal(err)
	}
	part := func(n, size int) Part {
		t.Helper()
		etag, err := b.UploadPart(ctx, "k", id, n, strings.NewReader(strings.Repeat(string(rune('0'+n)), size)), int64(size))
		if err != nil {
			t.Fatal(err)
		}
		return Part{Number: n, ETag: etag}
	}
	replaced := part(1, 10)
	p1, p2, p3, small := part(1, 10), part(2, 10), part(3, 11), part(4, 5)
	for name, c := range map[string]struct {
		parts []Part
		want  error
	}{
		"replaced etag":   {[]Part{replaced}, ErrInvalidPart},
		"unknown part":    {[]Part{p1, {Number: 9, ETag: "x"}}, ErrInvalidPart},
		"twice":           {[]Part{p1, p1}, cferr.Internal},
		"small first":     {[]Part{small, p1}, ErrEntityTooSmall},
		"small by number": {[]Part{p1, small, p2}, ErrEntityTooSmall},
		"last is larger":  {[]Part{p1, p3}, ErrBadUpload},
		"not equal":       {[]Part{p3, p1, p2}, ErrBadUpload},
	} {
		if _, err := b.CompleteMultipart(ctx, "k", id, c.parts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Head(ctx, "k"); !errors.Is(err, ErrNoSuchKey) {
		t.Errorf("visible before its completion: %v", err)
	}
	o, err := b.CompleteMultipart(ctx, "k", id, []Part{p2, p1}) // in any order
	if err != nil {
		t.Fatal(err)
	}
	m1, m2 := md5.Sum([]byte(strings.Repeat("1", 10))), md5.Sum([]byte(strings.Repeat("2", 10)))
	sum := md5.Sum(append(m1[:], m2[:]...))
	if want := hex.EncodeToString(sum[:]) + "-2"; o.ETag != want || o.Size != 20 || o.StorageClass != InfrequentAccess || o.Custom[0] != (Field{Name: "a", Value: "b"}) || o.Checksums.MD5 != nil {
		t.Errorf("object %+v, want etag %s", o, want)
	}
	if got, _ := get(t, b, "k"); got != strings.Repeat("1", 10)+strings.Repeat("2", 10) {
		t.Errorf("content %q", got)
	}
	wantBlobs(t, b, 2) // the unused parts are gone
	if _, err := b.UploadPart(ctx, "k", id, 1, strings.NewReader("x"), 1); !errors.Is(err, ErrNoSuchUpload) {
		t.Errorf("a part after completion: %v", err)
	}
	if err := b.AbortMultipart(ctx, "k", id); err != nil {
		t.Errorf("abort after completion: %v", err)
	}
	wantBlobs(t, b, 2)
	for _, n := range []int{0, -1, MaxParts + 1} {
		if _, err := b.UploadPart(ctx, "k", id, n, strings.NewReader("x"), 1); !errors.Is(err, driver.ErrInvalidPartNumber) {
			t.Errorf("part number %d: %v", n, err)
		}
	}
}

func TestMultipartUnknown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, id string }{{"k", "nope"}, {"other", id}} {
		if _, err := b.UploadPart(ctx, c.key, c.id, 1, strings.NewReader("x"), 1); !errors.Is(err, ErrNoSuchUpload) {
			t.Errorf("part: %v", err)
		}
		if _, err := b.CompleteMultipart(ctx, c.key, c.id, nil); !errors.Is(err, cferr.Internal) {
			t.Errorf("complete: %v", err)
		}
		if err := b.AbortMultipart(ctx, c.key, c.id); !errors.Is(err, cferr.Internal) {
			t.Errorf("abort: %v", err)
		}
	}
	wantBlobs(t, b, 0)
}

// An unfinished upload is given up after seven days.
func TestMultipartLifetime(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir, c := t.TempDir(), clock.NewFrozen(noon)
	s, err := Open(Options{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(ctx, UploadLifetime-time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := b.UploadPart(ctx, "k", id, 1, strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	if err := c.Advance(ctx, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := b.UploadPart(ctx, "k", id, 1, strings.NewReader("x"), 1); !errors.Is(err, ErrNoSuchUpload) {
		t.Errorf("after seven days: %v", err)
	}
	wantBlobs(t, b, 0)
	if err := b.AbortMultipart(ctx, "k", id); err != nil {
		t.Errorf("abort of an aborted upload: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err = openStore(t, dir, c).Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AbortMultipart(ctx, "k", id); !errors.Is(err, cferr.Internal) {
		t.Errorf("abort of a forgotten upload: %v", err)
	}
}
