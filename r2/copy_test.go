package r2

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"flint/r2/driver"
)

// A copy has the content of its source whichever way that is stored, and lives
// on when the source goes.
func TestCopyOfEachPlace(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	b.store.env.MinPart = 1
	other, err := b.store.Bucket("other")
	if err != nil {
		t.Fatal(err)
	}
	for place, content := range map[string]string{"empty": "", "inline": "small", "blob": strings.Repeat("x", driver.MaxInline+1)} {
		put(t, b, place, content)
		for _, dst := range []*Bucket{b, other} {
			o, err := dst.Copy(ctx, b, place, "copy of "+place, CopyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			src, _ := b.Head(ctx, place)
			if o.ETag != src.ETag || o.Version == src.Version || o.Size != src.Size {
				t.Errorf("%s: %+v of %+v", place, o, src)
			}
		}
		if err := b.Delete(ctx, place); err != nil {
			t.Fatal(err)
		}
		for _, dst := range []*Bucket{b, other} {
			if got, ok := get(t, dst, "copy of "+place); !ok || got != content {
				t.Errorf("%s in %s: %d bytes, %v", place, dst.Name(), len(got), ok)
			}
		}
	}
	putParts(t, b, "parts", "one ", "two ", "3")
	o, err := other.Copy(ctx, b, "parts", "parts", CopyOptions{})
	if err != nil || o.ETag != put(t, b, "whole", "one two 3").ETag {
		t.Errorf("parts: %+v %v", o, err)
	}
	wantBlobs(t, b, 4) // three parts and a copy
	wantBlobs(t, other, 1)
}

// A copy over itself, and what a condition says of both sides.
func TestCopyConditions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	o := put(t, b, "k", "content")
	absent := &Conditional{DoesNotMatch: []ETag{{Any: true}}}
	same := &Conditional{Matches: []ETag{{Value: o.ETag}}}
	for name, c := range map[string]struct {
		key  string
		opts CopyOptions
		want error
	}{
		"source":             {"new 1", CopyOptions{SourceOnlyIf: absent}, ErrPreconditionFailed},
		"destination":        {"k", CopyOptions{OnlyIf: absent}, ErrPreconditionFailed},
		"both hold":          {"new 2", CopyOptions{SourceOnlyIf: same, OnlyIf: absent}, nil},
		"onto itself":        {"k", CopyOptions{SourceOnlyIf: same, OnlyIf: same, Replace: true, HTTP: HTTPMetadata{ContentType: "a/b"}}, nil},
		"an unknown class":   {"new 3", CopyOptions{StorageClass: "Cold"}, driver.ErrInvalidStorageClass},
		"too much metadata":  {"new 4", CopyOptions{Replace: true, Custom: []Field{{Name: "k", Value: strings.Repeat("v", MaxMetadataSize)}}}, ErrMetadataTooLarge},
		"an impossible name": {"\xff", CopyOptions{}, ErrInvalidObjectName},
	} {
		if _, err := b.Copy(ctx, b, "k", c.key, c.opts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		_, err := b.Head(ctx, c.key)
		if there := err == nil; there != (c.want == nil || c.key == "k") {
			t.Errorf("%s: there %v", name, there)
		}
	}
	if _, err := b.Copy(ctx, b, "none", "k", CopyOptions{}); !errors.Is(err, ErrNoSuchKey) {
		t.Errorf("no source: %v", err)
	}
	if o, err := b.Head(ctx, "k"); err != nil || o.HTTP.ContentType != "a/b" {
		t.Errorf("%+v %v", o, err)
	}
}

func TestListUploadsInPages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	for _, key := range []string{"b", "a", "a", "a/x", "a/y", "c/z", ""} {
		if _, err := b.CreateMultipart(ctx, key, MultipartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		opts ListUploadsOptions
		want string
	}{
		{ListUploadsOptions{}, `["" "a" "a" "a/x" "a/y" "b" "c/z"]`},
		{ListUploadsOptions{Prefix: "a/"}, `["a/x" "a/y"]`},
		{ListUploadsOptions{Delimiter: "/"}, `["" "a" "a" "a/*" "b" "c/*"]`},
		{ListUploadsOptions{KeyMarker: "a"}, `["a/x" "a/y" "b" "c/z"]`},
	} {
		for limit := 1; limit < 9; limit++ {
			var got []string
			opts := c.opts
			opts.Limit = limit
			for more := true; more; {
				l, err := b.ListUploads(ctx, opts)
				if err != nil {
					t.Fatal(err)
				}
				if n := len(l.Uploads) + len(l.Prefixes); n > limit || l.Truncated && n != limit {
					t.Fatalf("a page of %d, limit %d", n, limit)
				}
				at := 0
				for _, p := range l.Prefixes {
					for ; at < len(l.Uploads) && l.Uploads[at].Key < p; at++ {
						got = append(got, l.Uploads[at].Key)
					}
					got = append(got, p+"*")
				}
				for ; at < len(l.Uploads); at++ {
					got = append(got, l.Uploads[at].Key)
				}
				opts.KeyMarker, opts.UploadIDMarker, more = l.NextKeyMarker, l.NextUploadIDMarker, l.Truncated
			}
			if fmt.Sprintf("%q", got) != c.want {
				t.Errorf("%+v limit %d: %q, want %s", c.opts, limit, got, c.want)
			}
		}
	}
}

func TestListParts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, c := newBucket(t)
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{StorageClass: InfrequentAccess})
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, "source", "0123456789")
	first, length := int64(2), int64(3)
	part, err := b.UploadPartCopy(ctx, "k", id, 7, b, "source", PartCopyOptions{GetOptions: GetOptions{Range: &Range{Offset: &first, Length: &length}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []int{2, 10_000} {
		if _, err := b.UploadPart(ctx, "k", id, number, strings.NewReader("xx"), 2); err != nil {
			t.Fatal(err)
		}
	}
	l, err := b.ListParts(ctx, "k", id, 2, 1)
	if err != nil || len(l.Parts) != 1 || !reflect.DeepEqual(l.Parts[0], *part) || !l.Truncated || l.StorageClass != InfrequentAccess {
		t.Errorf("%+v %v, want %+v", l, err, part)
	}
	if l, err = b.ListParts(ctx, "k", id, 0, 0); err != nil || len(l.Parts) != 3 || l.Truncated || !l.Parts[2].Uploaded.Equal(c.Now()) {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := b.CompleteMultipart(ctx, "k", id, []Part{{Number: 7, ETag: part.ETag}}); err != nil {
		t.Fatal(err)
	}
	if got, _ := get(t, b, "k"); got != "234" {
		t.Errorf("%q", got)
	}
	if _, err := b.ListParts(ctx, "k", id, 0, 0); !errors.Is(err, ErrNoSuchUpload) {
		t.Errorf("parts of a finished upload: %v", err)
	}
	if _, err := b.ListParts(ctx, "k", id, 0, -1); !errors.Is(err, ErrInvalidMaxKeys) {
		t.Errorf("limit: %v", err)
	}
}
