package r2

import (
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"flint/r2/disk"
)

func put(t testing.TB, b *Bucket, key, content string) *Object {
	t.Helper()
	o, err := b.Put(context.Background(), key, strings.NewReader(content), PutOptions{Size: int64(len(content))})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return o
}

// get returns the content of an object, and "" and false if it has none.
func get(t testing.TB, b *Bucket, key string) (string, bool) {
	t.Helper()
	body, err := b.Get(context.Background(), key, GetOptions{})
	if err == ErrNoSuchKey { //nolint:errorlint // Get returns it bare
		return "", false
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	defer body.Content.Close()
	content, err := io.ReadAll(body.Content)
	if err != nil || int64(len(content)) != body.Size {
		t.Fatalf("get %q: %d of %d bytes, %v", key, len(content), body.Size, err)
	}
	return string(content), true
}

// wantBlobs counts the files in the bucket's blob folder.
func wantBlobs(t testing.TB, b *Bucket, want int) {
	t.Helper()
	var found []string
	err := filepath.WalkDir(diskOf(b).BlobDir(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != disk.BlobMarker {
			found = append(found, e.Name())
		}
		return err
	})
	if err != nil || len(found) != want {
		t.Errorf("%d blobs %v, want %d (%v)", len(found), found, want, err)
	}
}

func keysOf(l *Listing) string {
	var keys []string
	for _, o := range l.Objects {
		keys = append(keys, o.Key)
	}
	return strings.Join(keys, " ")
}

// diskOf is the default driver below a bucket.
func diskOf(b *Bucket) *disk.Bucket { return b.driver.(*disk.Bucket) }
