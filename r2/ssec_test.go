package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	rightKey = &SSECKey{1, 2, 3}
	wrongKey = &SSECKey{3, 2, 1}
)

// Content is encrypted on disk, and comes back with its key only, wherever it
// is kept, whole or in part.
func TestSSEC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		size  int
		parts int
	}{{"inline", 5000, 0}, {"journaled", 100, 0}, {"empty", 0, 0}, {"blob", 300_000, 0}, {"many buffers", 3 << 20, 0}, {"parts", 900_000, 3}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, _ := newBucket(t)
			b.store.env.MinPart = 8
			text := bytes.Repeat([]byte("the secret line\n"), c.size/16+1)[:c.size]
			o := putSealed(t, b, text, c.parts)
			if o.SSECKeyMD5 != rightKey.KeyMD5() || len(o.SSECKeyMD5) != 32 {
				t.Errorf("ssecKeyMd5 %q", o.SSECKeyMD5)
			}
			for _, span := range []Span{{Offset: 0, Length: int64(c.size)}, {Offset: 0, Length: 1}, {Offset: 1, Length: 15}, {Offset: 16, Length: 16}, {Offset: 17, Length: 4000}, {Offset: int64(c.size) - 1, Length: 1}, {Offset: 299_999, Length: 300_002}} {
				if span.Offset >= 0 && span.Length > 0 && span.Offset+span.Length <= int64(c.size) {
					wantSealed(t, b, text, span)
				}
			}
			for _, key := range []struct {
				key  *SSECKey
				want error
			}{{nil, ErrSSECKeyRequired}, {wrongKey, ErrSSECKeyMismatch}} {
				if _, err := b.Get(context.Background(), "k", GetOptions{SSECKey: key.key}); !errors.Is(err, key.want) {
					t.Errorf("get: %v, want %v", err, key.want)
				}
			}
			h, err := b.Head(context.Background(), "k")
			if err != nil || h.SSECKeyMD5 != o.SSECKeyMD5 || h.Size != int64(c.size) {
				t.Errorf("head %+v, %v", h, err)
			}
			if err := b.store.Close(); err != nil { // moves what the journal has
				t.Fatal(err)
			}
			wantNowhere(t, b.store.dir, "the secret line")
		})
	}
}

func putSealed(t *testing.T, b *Bucket, text []byte, parts int) *Object {
	t.Helper()
	ctx := context.Background()
	if parts == 0 {
		o, err := b.Put(ctx, "k", bytes.NewReader(text), PutOptions{Size: int64(len(text)), SSECKey: rightKey})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{SSECKey: rightKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.UploadPart(ctx, "k", id, 1, strings.NewReader("x"), 1); !errors.Is(err, ErrSSECKeyRequired) {
		t.Errorf("a part without the key: %v", err)
	}
	if _, err := b.UploadPartWith(ctx, "k", id, 1, strings.NewReader("x"), PartOptions{Size: 1, SSECKey: wrongKey}); !errors.Is(err, ErrSSECKeyMismatch) {
		t.Errorf("a part with another key: %v", err)
	}
	var named []Part
	size := len(text) / parts
	for n := range parts {
		part, err := b.UploadPartWith(ctx, "k", id, n+1, bytes.NewReader(text[n*size:(n+1)*size]), PartOptions{Size: int64(size), SSECKey: rightKey})
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, Part{Number: n + 1, ETag: part.ETag})
	}
	o, err := b.CompleteMultipart(ctx, "k", id, named)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func wantSealed(t *testing.T, b *Bucket, text []byte, span Span) {
	t.Helper()
	body, err := b.Get(context.Background(), "k", GetOptions{SSECKey: rightKey, Range: &Range{Offset: &span.Offset, Length: &span.Length}})
	if err != nil {
		t.Fatalf("%+v: %v", span, err)
	}
	defer body.Content.Close()
	var got bytes.Buffer
	if _, err := io.Copy(&got, body.Content); err != nil || !bytes.Equal(got.Bytes(), text[span.Offset:span.Offset+span.Length]) {
		t.Errorf("%+v: %d bytes that differ, or %v", span, got.Len(), err)
	}
}

// wantNowhere looks for a text in every file below dir.
func wantNowhere(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			t.Errorf("%s has it in the clear", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A key for what was stored without one is an error, and no key stays behind
// when the object is replaced.
func TestSSECNotApplicable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	put(t, b, "k", "plain")
	if _, err := b.Get(ctx, "k", GetOptions{SSECKey: rightKey}); !errors.Is(err, ErrSSECNotApplicable) || err.Error() != ErrSSECNotApplicable.Error() {
		t.Errorf("get: %v", err)
	}
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.UploadPartWith(ctx, "k", id, 1, strings.NewReader("x"), PartOptions{Size: 1, SSECKey: rightKey}); !errors.Is(err, ErrSSECNotApplicable) {
		t.Errorf("a part: %v", err)
	}
	putSealed(t, b, []byte("sealed"), 0)
	o := put(t, b, "k", "plain again")
	if content, _ := get(t, b, "k"); content != "plain again" || o.SSECKeyMD5 != "" {
		t.Errorf("%q, %+v", content, o)
	}
}

func TestBindingSSEC(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	key := func(k *SSECKey) string { return fmt.Sprintf(`"ssec":{"key":"%x"}`, k[:]) }
	p := w.put(`{"method":"put","object":"k",`+key(rightKey)+`}`, "secret").want(t, 200, 0)
	if sub(p.meta, "ssec", "keyMd5") != rightKey.KeyMD5() || sub(p.meta, "ssec", "algorithm") != "aes256" {
		t.Errorf("put %v", p.meta)
	}
	g := w.get(`{"method":"get","object":"k",`+key(rightKey)+`}`).want(t, 200, 0)
	if g.body != "secret" {
		t.Errorf("get %q", g.body)
	}
	h := w.get(`{"method":"head","object":"k"}`).want(t, 200, 0)
	if sub(h.meta, "ssec", "keyMd5") != rightKey.KeyMD5() {
		t.Errorf("head %v", h.meta)
	}
	w.get(`{"method":"get","object":"k"}`).want(t, 400, 10029)
	w.get(`{"method":"get","object":"k",`+key(wrongKey)+`}`).want(t, 403, 10003)
	w.get(`{"method":"get","object":"k","ssec":{"key":"zz"}}`).want(t, 400, 10029)
	w.put(`{"method":"put","object":"k"}`, "plain").want(t, 200, 0)
	w.get(`{"method":"get","object":"k",`+key(rightKey)+`}`).want(t, 400, 10029)
}

// A copy is encrypted with its own key, whatever the source's.
func TestSSECCopy(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, c := range []struct{ size, parts int }{{100, 0}, {300_000, 0}, {900_000, 3}} {
		b, _ := newBucket(t)
		b.store.env.MinPart = 8
		text := bytes.Repeat([]byte("the secret line\n"), c.size/16+1)[:c.size]
		putSealed(t, b, text, c.parts)
		if _, err := b.Copy(ctx, b, "k", "copy", CopyOptions{}); !errors.Is(err, ErrSSECKeyRequired) {
			t.Errorf("without the key: %v", err)
		}
		if _, err := b.Copy(ctx, b, "k", "copy", CopyOptions{SourceKey: wrongKey}); !errors.Is(err, ErrSSECKeyMismatch) {
			t.Errorf("with another key: %v", err)
		}
		o, err := b.Copy(ctx, b, "k", "open", CopyOptions{SourceKey: rightKey})
		if err != nil || o.SSECKeyMD5 != "" {
			t.Fatalf("%+v, %v", o, err)
		}
		if content, _ := get(t, b, "open"); content != string(text) {
			t.Error("the copy in the clear differs")
		}
		if o, err = b.Copy(ctx, b, "open", "k", CopyOptions{SSECKey: rightKey}); err != nil || o.SSECKeyMD5 != rightKey.KeyMD5() {
			t.Fatalf("%+v, %v", o, err)
		}
		wantSealed(t, b, text, Span{Offset: 0, Length: int64(c.size)})
	}
}

// A copy of encrypted content is never a second name of its file: with the same
// key, too, it is encrypted anew. One of plain content is.
func TestSSECCopyIsNoLink(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	text := bytes.Repeat([]byte("the secret line\n"), 20_000)
	sealed := putSealed(t, b, text, 0)
	plain, err := b.Put(ctx, "plain", bytes.NewReader(text), PutOptions{Size: int64(len(text))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from        *Object
		opts        CopyOptions
		link, clear bool
	}{
		{sealed, CopyOptions{SourceKey: rightKey, SSECKey: rightKey}, false, false},
		{sealed, CopyOptions{SourceKey: rightKey, SSECKey: wrongKey}, false, false},
		{sealed, CopyOptions{SourceKey: rightKey}, false, true},
		{plain, CopyOptions{SSECKey: rightKey}, false, false},
		{plain, CopyOptions{}, true, true},
	} {
		o, err := b.Copy(ctx, b, c.from.Key, "copy", c.opts)
		if err != nil {
			t.Fatal(err)
		}
		from, err := os.Stat(diskOf(b).BlobPath(c.from.Version))
		if err != nil {
			t.Fatal(err)
		}
		to, err := os.Stat(diskOf(b).BlobPath(o.Version))
		if err != nil {
			t.Fatal(err)
		}
		source, _ := os.ReadFile(diskOf(b).BlobPath(c.from.Version))
		content, err := os.ReadFile(diskOf(b).BlobPath(o.Version))
		if err != nil || os.SameFile(from, to) != c.link || bytes.Equal(content, text) != c.clear || bytes.Equal(content, source) != c.link {
			t.Errorf("%+v: one file %v, in the clear %v, %v", c.opts, os.SameFile(from, to), bytes.Equal(content, text), err)
		}
	}
}

// Parts are copied out of encrypted objects and into encrypted uploads.
func TestSSECCopiedParts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, _ := newBucket(t)
	b.store.env.MinPart = 8
	text := bytes.Repeat([]byte("the secret line\n"), 100)
	source := &SSECKey{9}
	if _, err := b.Put(ctx, "source", bytes.NewReader(text), PutOptions{Size: int64(len(text)), SSECKey: source}); err != nil {
		t.Fatal(err)
	}
	id, err := b.CreateMultipart(ctx, "k", MultipartOptions{SSECKey: rightKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		opts PartCopyOptions
		want error
	}{
		{PartCopyOptions{PartKey: rightKey}, ErrSSECKeyRequired},
		{PartCopyOptions{GetOptions: GetOptions{SSECKey: wrongKey}, PartKey: rightKey}, ErrSSECKeyMismatch},
		{PartCopyOptions{GetOptions: GetOptions{SSECKey: source}, PartKey: nil}, ErrSSECKeyRequired},
		{PartCopyOptions{GetOptions: GetOptions{SSECKey: source}, PartKey: wrongKey}, ErrSSECKeyMismatch},
	} {
		if _, err := b.UploadPartCopy(ctx, "k", id, 1, b, "source", c.opts); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.opts, err, c.want)
		}
	}
	var parts []Part
	for n := range 2 {
		offset, length := int64(n*800), int64(800)
		p, err := b.UploadPartCopy(ctx, "k", id, n+1, b, "source", PartCopyOptions{GetOptions: GetOptions{SSECKey: source, Range: &Range{Offset: &offset, Length: &length}}, PartKey: rightKey})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, Part{Number: n + 1, ETag: p.ETag})
	}
	if _, err := b.CompleteMultipart(ctx, "k", id, parts); err != nil {
		t.Fatal(err)
	}
	wantSealed(t, b, text, Span{Offset: 0, Length: int64(len(text))})
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	wantNowhere(t, b.store.dir, "the secret line")
}
