package r2

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/internal/clock"
)

// model is a bucket as a map.
type model map[string]string

var modelKeys = rapid.OneOf(
	rapid.SampledFrom([]string{"", "a", "a/", "a/b", "a/b/c", "A", "b", "../x", "ü", "日", "😀", "a\x00b", "\x01", strings.Repeat("k", 1024)}),
	rapid.StringMatching(`[ab/]{1,5}`),
)

// modelRun is the bucket under test; it is opened anew now and then.
type modelRun struct {
	dir   string
	clock *clock.Virtual
	store *Store
	b     *Bucket
}

func (r *modelRun) reopen(t rapid.TB) {
	if r.store != nil {
		if err := r.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if r.store, err = Open(Options{Dir: r.dir, Clock: r.clock}); err != nil {
		t.Fatal(err)
	}
	r.store.env.Inline, r.store.env.MinPart = 32, 8
	if r.b, err = r.store.Bucket("media"); err != nil {
		t.Fatal(err)
	}
}

// clear makes the bucket as empty as a new map.
func (r *modelRun) clear(t rapid.TB) {
	l, err := r.b.List(context.Background(), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range l.Objects {
		keys = append(keys, o.Key)
	}
	if err := r.b.Delete(context.Background(), keys...); err != nil {
		t.Fatal(err)
	}
}

// TestModel does random things to a bucket and to a map and compares, across
// reopenings.
func TestModel(t *testing.T) {
	t.Parallel()
	run := &modelRun{dir: t.TempDir(), clock: clock.NewFrozen(noon)}
	run.reopen(t)
	defer func() { run.store.Close() }()
	rapid.Check(t, func(t *rapid.T) {
		run.clear(t)
		m := model{}
		t.Repeat(map[string]func(*rapid.T){
			"put":       func(t *rapid.T) { m.put(t, run.b) },
			"multipart": func(t *rapid.T) { m.multipart(t, run.b) },
			"get":       func(t *rapid.T) { m.get(t, run.b) },
			"delete":    func(t *rapid.T) { m.delete(t, run.b) },
			"list":      func(t *rapid.T) { m.list(t, run.b) },
			"reopen": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					run.reopen(t)
				}
			},
		})
	})
	run.clear(t)
	// Uploads that no run completed or aborted have none left: multipart ends all.
	wantBlobs(t, run.b, 0)
}

func (m model) put(t *rapid.T, b *Bucket) {
	key, data := modelKeys.Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "data")
	size := int64(len(data))
	if rapid.Bool().Draw(t, "size unknown") {
		size = -1
	}
	ifAbsent := rapid.Bool().Draw(t, "if absent")
	opts := PutOptions{Size: size}
	if ifAbsent {
		opts.OnlyIf = &Conditional{DoesNotMatch: []ETag{{Any: true}}}
	}
	_, err := b.Put(context.Background(), key, bytes.NewReader(data), opts)
	if _, present := m[key]; ifAbsent && present {
		if !errors.Is(err, ErrPreconditionFailed) {
			t.Fatalf("put over %q: %v", key, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m[key] = string(data)
}

func (m model) multipart(t *rapid.T, b *Bucket) {
	ctx := context.Background()
	key := modelKeys.Draw(t, "key")
	id, err := b.CreateMultipart(ctx, key, MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []Part
	var whole string
	for n := range rapid.IntRange(0, 4).Draw(t, "parts") {
		data := strings.Repeat(string(rune('a'+n)), 8)
		etag, err := b.UploadPart(ctx, key, id, n+1, strings.NewReader(data), 8)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.IntRange(0, 3).Draw(t, "use") > 0 {
			parts, whole = append(parts, Part{Number: n + 1, ETag: etag}), whole+data
		}
	}
	if rapid.Bool().Draw(t, "abort") {
		if err := b.AbortMultipart(ctx, key, id); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := b.CompleteMultipart(ctx, key, id, parts); err != nil {
		t.Fatal(err)
	}
	m[key] = whole
}

func (m model) get(t *rapid.T, b *Bucket) {
	key := modelKeys.Draw(t, "key")
	want, present := m[key]
	body, err := b.Get(context.Background(), key, GetOptions{})
	if !present {
		if !errors.Is(err, ErrNoSuchKey) {
			t.Fatalf("get %q: %v", key, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer body.Content.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(body.Content); err != nil || got.String() != want {
		t.Fatalf("get %q: %q, want %q (%v)", key, got.String(), want, err)
	}
	if sum := md5.Sum([]byte(want)); !strings.Contains(body.ETag, "-") && body.ETag != hex.EncodeToString(sum[:]) {
		t.Fatalf("etag %s", body.ETag)
	}
}

func (m model) delete(t *rapid.T, b *Bucket) {
	keys := rapid.SliceOfN(modelKeys, 0, 3).Draw(t, "keys")
	if err := b.Delete(context.Background(), keys...); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		delete(m, key)
	}
}

// list walks the pages and compares with the sorted, grouped keys.
func (m model) list(t *rapid.T, b *Bucket) {
	opts := ListOptions{
		Prefix:     rapid.SampledFrom([]string{"", "a", "a/", "b/", "ü", "zzz"}).Draw(t, "prefix"),
		Delimiter:  rapid.SampledFrom([]string{"", "/", "b", "//"}).Draw(t, "delimiter"),
		StartAfter: rapid.SampledFrom([]string{"", "a", "a/b", "b"}).Draw(t, "after"),
		Limit:      rapid.IntRange(1, 5).Draw(t, "limit"),
	}
	want := m.entries(opts)
	var got []string
	for {
		l, err := b.List(context.Background(), opts)
		if err != nil {
			t.Fatal(err)
		}
		var page []string
		for _, o := range l.Objects {
			page = append(page, o.Key)
		}
		for _, p := range l.Prefixes {
			page = append(page, p+"*")
		}
		slices.Sort(page)
		if got = append(got, page...); !l.Truncated() {
			break
		}
		if len(page) != opts.Limit {
			t.Fatalf("a page of %d with limit %d says there is more", len(page), opts.Limit)
		}
		opts.Cursor = l.Cursor
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Fatalf("list %+v: %q, want %q", opts, got, want)
	}
}

func (m model) entries(opts ListOptions) []string {
	var out []string
	for key := range m {
		rest, ok := strings.CutPrefix(key, opts.Prefix)
		if !ok || opts.StartAfter != "" && key <= opts.StartAfter {
			continue
		}
		if before, _, ok := strings.Cut(rest, opts.Delimiter); ok && opts.Delimiter != "" {
			key = opts.Prefix + before + opts.Delimiter + "*"
		}
		out = append(out, key)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
