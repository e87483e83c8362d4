package r2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// Content that is in files goes to a writer as it does to a reader, from
// wherever reading has come to.
func TestContentWritesItself(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	b.store.env.MinPart = 1
	content := strings.Repeat("0123456789", 30_000)
	put(t, b, "blob", content)
	putParts(t, b, "parts", content[:150_000], content[150_000:])
	for _, key := range []string{"blob", "parts"} {
		for _, read := range []int{0, 7, 149_999, 150_000, 200_000, len(content)} {
			offset := int64(3)
			body, err := b.Get(context.Background(), key, GetOptions{Range: &Range{Offset: &offset}})
			if err != nil {
				t.Fatal(err)
			}
			read = min(read, len(content)-3)
			var got bytes.Buffer
			_, err = io.CopyN(&got, struct{ io.Reader }{body.Content}, int64(read))
			n, werr := body.Content.(io.WriterTo).WriteTo(&got)
			if err := errors.Join(err, werr); err != nil || got.String() != content[3:] || int(n) != len(content)-3-read {
				t.Errorf("%s after %d: %d bytes, %v", key, read, got.Len(), err)
			}
			if n, err := body.Content.(io.WriterTo).WriteTo(&got); n != 0 || err != nil {
				t.Errorf("%s: %d bytes more, %v", key, n, err)
			}
			body.Content.Close()
		}
	}
}

// A blob that is shorter than its row says is an error, not a short answer.
func TestTruncatedBlob(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	o := put(t, b, "k", strings.Repeat("x", 100_000))
	if err := os.Truncate(diskOf(b).BlobPath(o.Version), 50_000); err != nil {
		t.Fatal(err)
	}
	body, err := b.Get(context.Background(), "k", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Content.Close()
	if n, err := io.Copy(io.Discard, body.Content); n != 50_000 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
}
