package r2test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/r2"
)

// machine does random things to a bucket and to a map and compares them.
type machine struct {
	*testing.T
	clock  *clock.Virtual
	open   Open
	driver Driver
	store  *r2.Store
	b      *r2.Bucket
	model  map[string]entry
}

type entry struct {
	content, about string
	etag           string
}

var someKey = rapid.OneOf(
	rapid.SampledFrom([]string{"", "a", "a/", "a/b", "a/b/c", "A", "b", "../x", "ü", "日", "😀", "a\x00b", "\x01", "a//", "a.b", "a/b.c", "a/a.b/c.d", "b/a.txt", strings.Repeat("k", 1024), strings.Repeat("k", 300)}),
	rapid.StringMatching(`[ab/.]{1,6}`),
)

func model(t *testing.T, d Driver) {
	m := &machine{T: t, driver: d, clock: clock.NewFrozen(noon), open: d.New(t)}
	m.start(t)
	defer func() { _ = m.store.Close() }()
	rapid.Check(t, func(rt *rapid.T) {
		m.clear(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.put, "put again": m.put, "get": m.get, "delete": m.delete, "list": m.list, "copy": m.copy,
			"multipart": m.multipart, "advance": m.advance, "reopen": m.reopen,
		})
	})
}

func (m *machine) start(t rapid.TB) {
	var err error
	if m.store, err = m.open(m.clock); err != nil {
		t.Fatal(err)
	}
	if m.b, err = m.store.Bucket("media"); err != nil {
		t.Fatal(err)
	}
}

// clear makes the bucket as empty as a new map.
func (m *machine) clear(t *rapid.T) {
	m.model = map[string]entry{}
	l, err := m.b.List(m.Context(), r2.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range l.Objects {
		keys = append(keys, o.Key)
	}
	if err := m.b.Delete(m.Context(), keys...); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) advance(t *rapid.T) {
	step := time.Duration(rapid.IntRange(1, 5000).Draw(t, "ms")) * time.Millisecond
	if err := m.clock.Advance(m.Context(), step); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) reopen(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
		return
	}
	if err := m.store.Close(); err != nil {
		t.Fatal(err)
	}
	m.start(t)
}

// condition draws a condition, and says by the model whether it holds of key.
func (m *machine) condition(t *rapid.T, key string) (*r2.Conditional, bool) {
	e, there := m.model[key]
	second := func(d time.Duration) *time.Time { at := m.clock.Now().Add(d); return &at }
	switch rapid.IntRange(0, 7).Draw(t, "condition") {
	case 0:
		return &r2.Conditional{DoesNotMatch: []r2.ETag{{Any: true}}}, !there
	case 1:
		return &r2.Conditional{Matches: []r2.ETag{{Any: true}}}, there
	case 2:
		return &r2.Conditional{Matches: []r2.ETag{{Value: e.etag}}}, there
	case 3:
		return &r2.Conditional{Matches: []r2.ETag{{Value: "x"}, {Value: "y"}}}, false
	case 4:
		return &r2.Conditional{DoesNotMatch: []r2.ETag{{Value: e.etag}, {Value: "x"}}}, !there
	case 5:
		return &r2.Conditional{UploadedBefore: second(time.Hour)}, true
	case 6:
		return &r2.Conditional{UploadedAfter: second(time.Hour)}, false
	}
	return nil, true
}

func (m *machine) put(t *rapid.T) {
	key, content := someKey.Draw(t, "key"), rapid.SampledFrom([]string{"", "x", "content", strings.Repeat("large", 20_000)}).Draw(t, "content")
	opts := r2.PutOptions{Size: int64(len(content))}
	if rapid.Bool().Draw(t, "size unknown") {
		opts.Size = -1
	}
	if rapid.Bool().Draw(t, "metadata") {
		opts.HTTP.ContentType = rapid.SampledFrom([]string{"", "a/b", "ü"}).Draw(t, "type")
		opts.Custom = []r2.Field{{Name: rapid.StringN(0, 5, -1).Draw(t, "name"), Value: rapid.StringN(0, 9, -1).Draw(t, "value")}}
	}
	var holds bool
	opts.OnlyIf, holds = m.condition(t, key)
	o, err := m.b.Put(m.Context(), key, strings.NewReader(content), opts)
	if !holds {
		if !errors.Is(err, r2.ErrPreconditionFailed) {
			t.Fatalf("put over %.40q: %v", key, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("put %.40q: %v", key, err)
	}
	m.model[key] = entry{content, describe(o), o.ETag}
	if !o.Uploaded.Equal(m.clock.Now()) || fmt.Sprint(opts.Custom) != fmt.Sprint(o.Custom) {
		t.Fatalf("put %s", describe(o))
	}
}

func (m *machine) get(t *rapid.T) {
	key := someKey.Draw(t, "key")
	want, there := m.model[key]
	opts := r2.GetOptions{}
	content := want.content
	if len(content) > 2 && rapid.Bool().Draw(t, "range") {
		from, n := int64(rapid.IntRange(0, len(content)-1).Draw(t, "from")), int64(rapid.IntRange(1, len(content)).Draw(t, "length"))
		opts.Range = &r2.Range{Offset: &from, Length: &n}
		content = content[from:min(int64(len(content)), from+n)]
	}
	var holds bool
	opts.OnlyIf, holds = m.condition(t, key)
	body, err := m.b.Get(m.Context(), key, opts)
	switch {
	case !there:
		if !errors.Is(err, r2.ErrNoSuchKey) {
			t.Fatalf("get %.40q: %v", key, err)
		}
		return
	case !holds:
		if !errors.Is(err, r2.ErrPreconditionFailed) || describe(body.Object) != want.about {
			t.Fatalf("get %.40q: %v", key, err)
		}
		return
	case err != nil:
		t.Fatalf("get %.40q: %v", key, err)
	}
	defer body.Content.Close()
	var got strings.Builder
	if _, err := io.Copy(&got, body.Content); err != nil || got.String() != content || describe(body.Object) != want.about {
		t.Fatalf("get %.40q: %.20q (%d bytes), want %.20q (%v)\n%s\n%s", key, got.String(), got.Len(), content, err, describe(body.Object), want.about)
	}
}

func (m *machine) delete(t *rapid.T) {
	keys := rapid.SliceOfN(someKey, 0, 3).Draw(t, "keys")
	if err := m.b.Delete(m.Context(), keys...); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		delete(m.model, key)
	}
}

func (m *machine) list(t *rapid.T) {
	opts := r2.ListOptions{
		Prefix:     rapid.SampledFrom([]string{"", "a", "a/", "b/", "ü", "zzz", "..", "a//", "/"}).Draw(t, "prefix"),
		Delimiter:  rapid.SampledFrom([]string{"", "/", "b", "//"}).Draw(t, "delimiter"),
		StartAfter: rapid.SampledFrom([]string{"", "a", "a/b", "b", "a/", "\x00"}).Draw(t, "after"),
		Limit:      rapid.IntRange(1, 5).Draw(t, "limit"),
	}
	if rapid.Bool().Draw(t, "at once") {
		opts.Limit = 0
	}
	want := grouped(slices.Sorted(maps.Keys(m.model)), opts)
	if got := keys(m.T, m.b, opts); !slices.Equal(got, want) {
		t.Fatalf("list %+v: %s", opts, difference(got, want))
	}
}

func (m *machine) copy(t *rapid.T) {
	from, to := someKey.Draw(t, "from"), someKey.Draw(t, "to")
	src, there := m.model[from]
	onlyIf, holds := m.condition(t, to)
	o, err := m.b.Copy(m.Context(), m.b, from, to, r2.CopyOptions{OnlyIf: onlyIf})
	switch {
	case !there:
		if !errors.Is(err, r2.ErrNoSuchKey) {
			t.Fatalf("copy %.40q: %v", from, err)
		}
	case !holds:
		if !errors.Is(err, r2.ErrPreconditionFailed) {
			t.Fatalf("copy %.40q over %.40q: %v", from, to, err)
		}
	case err != nil:
		t.Fatalf("copy %.40q: %v", from, err)
	default:
		m.model[to] = entry{src.content, describe(o), o.ETag}
	}
}

// multipart is one small part or none: larger ones are in a test of their own.
func (m *machine) multipart(t *rapid.T) {
	key := someKey.Draw(t, "key")
	id, err := m.b.CreateMultipart(m.Context(), key, r2.MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var parts []r2.Part
	var whole string
	for n := range rapid.IntRange(0, 2).Draw(t, "parts") {
		content := strings.Repeat(string(rune('a'+n)), 8)
		etag, err := m.b.UploadPart(m.Context(), key, id, n+1, strings.NewReader(content), 8)
		if err != nil {
			t.Fatal(err)
		}
		parts, whole = []r2.Part{{Number: n + 1, ETag: etag}}, content
	}
	if rapid.Bool().Draw(t, "abort") {
		if err := m.b.AbortMultipart(m.Context(), key, id); err != nil {
			t.Fatal(err)
		}
		return
	}
	o, err := m.b.CompleteMultipart(m.Context(), key, id, parts)
	if err != nil {
		t.Fatal(err)
	}
	m.model[key] = entry{whole, describe(o), o.ETag}
}
