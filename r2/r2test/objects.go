package r2test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/r2"
)

func objects(p *place) {
	for _, size := range []int{0, 1, 1 << 10, 64 << 10, 64<<10 + 1, 1 << 20} {
		content := string(noise(size, 'x'))
		for _, told := range []int64{int64(size), -1} {
			o, err := p.b.Put(p.Context(), "k", strings.NewReader(content), r2.PutOptions{Size: told})
			if err != nil {
				p.Fatal(err)
			}
			if !o.Uploaded.Equal(noon) || o.Size != int64(size) || len(o.Version) != 32 {
				p.Errorf("put of %d: %s", size, describe(o))
			}
			p.want("k", content)
			if h, err := p.b.Head(p.Context(), "k"); err != nil || describe(h) != describe(o) {
				p.Errorf("head %v of %d\n%s\nput\n%s", err, size, describe(h), describe(o))
			}
		}
	}
	first := p.put("k", "same")
	if again := p.put("k", "same"); again.Version == first.Version || again.ETag != first.ETag {
		p.Errorf("put twice: %s and %s", describe(first), describe(again))
	}
	p.want("none", "-")
	_, err := p.b.Head(p.Context(), "none")
	p.wantErr("head", err, r2.ErrNoSuchKey)
}

// metadata comes back as it was given, also what no header can say.
func metadata(p *place) {
	at, early := noon.Add(time.Hour+7*time.Millisecond).UnixMilli(), int64(-5)
	for name, opts := range map[string]r2.PutOptions{
		"none":   {},
		"plain":  {HTTP: r2.HTTPMetadata{ContentType: "text/plain; charset=utf-8", ContentLanguage: "de", ContentDisposition: `attachment; filename="a b"`, ContentEncoding: "gzip", CacheControl: "no-store", CacheExpiry: &at}, Custom: []r2.Field{{Name: "a", Value: "1"}, {Name: "b-c", Value: "two words"}}},
		"order":  {Custom: []r2.Field{{Name: "z", Value: "1"}, {Name: "a", Value: "2"}, {Name: "m", Value: ""}}},
		"hard":   {Custom: []r2.Field{{Name: "Upper", Value: "1"}, {Name: "upper", Value: "2"}, {Name: "ü", Value: "日本 😀"}, {Name: "", Value: " padded "}, {Name: "flint", Value: "=?UTF-8?q?x?="}, {Name: "nl", Value: "a\r\nb: c\x00"}, {Name: "x_y.z", Value: "%41+\t"}}},
		"texts":  {HTTP: r2.HTTPMetadata{ContentType: "Text/ü", ContentDisposition: "a\nb", CacheControl: " x ", CacheExpiry: &early}},
		"class":  {StorageClass: r2.InfrequentAccess},
		"binary": {HTTP: r2.HTTPMetadata{ContentType: "application/octet-stream"}},
	} {
		_, err := p.b.Put(p.Context(), name, strings.NewReader("content"), opts)
		p.wantErr(name+" with a size of 0", err, r2.ErrIncompleteBody)
		opts.Size = 7
		o, err := p.b.Put(p.Context(), name, strings.NewReader("content"), opts)
		if err != nil {
			p.Fatalf("%s: %v", name, err)
		}
		if got := fmt.Sprintf("%+q %q", o.HTTP.ContentType, o.Custom); got != fmt.Sprintf("%+q %q", opts.HTTP.ContentType, opts.Custom) {
			p.Errorf("%s: %s", name, got)
		}
		h, err := p.b.Head(p.Context(), name)
		if err != nil || describe(h) != describe(o) {
			p.Errorf("%s: %v\nput  %s\nhead %s", name, err, describe(o), describe(h))
		}
		body, err := p.b.Get(p.Context(), name, r2.GetOptions{})
		if err != nil {
			p.Fatal(err)
		}
		body.Content.Close()
		if describe(body.Object) != describe(o) {
			p.Errorf("%s:\nput %s\nget %s", name, describe(o), describe(body.Object))
		}
		l, err := p.b.List(p.Context(), r2.ListOptions{Prefix: name, IncludeHTTP: true, IncludeCustom: true})
		if err != nil || len(l.Objects) != 1 || describe(l.Objects[0]) != describe(o) {
			p.Errorf("%s: %v\nput  %s\nlist %s", name, err, describe(o), describe(l.Objects[0]))
		}
	}
	most := r2.PutOptions{Size: 1, Custom: []r2.Field{{Name: "k", Value: strings.Repeat("v", p.driver.MaxMetadata-1)}}}
	if _, err := p.b.Put(p.Context(), "most", strings.NewReader("x"), most); err != nil {
		p.Errorf("%d bytes: %v", p.driver.MaxMetadata, err)
	}
	most.Custom[0].Value = strings.Repeat("v", r2.MaxMetadataSize)
	_, err := p.b.Put(p.Context(), "more", strings.NewReader("x"), most)
	p.wantErr("too much", err, r2.ErrMetadataTooLarge)
}

func conditions(p *place) {
	o := p.put("k", "content")
	before, after := noon.Add(-time.Second), noon.Add(time.Second)
	is := func(tags ...string) (list []r2.ETag) {
		for _, tag := range tags {
			list = append(list, r2.ETag{Value: tag, Any: tag == "*"})
		}
		return list
	}
	for name, c := range map[string]struct {
		onlyIf      r2.Conditional
		is, isAbout bool // of the object; of none
	}{
		"match":            {r2.Conditional{Matches: is(o.ETag)}, true, false},
		"match one of":     {r2.Conditional{Matches: is("other", o.ETag)}, true, false},
		"match weak":       {r2.Conditional{Matches: []r2.ETag{{Value: o.ETag, Weak: true}}}, false, false},
		"match any":        {r2.Conditional{Matches: is("*")}, true, false},
		"match other":      {r2.Conditional{Matches: is("other")}, false, false},
		"match odd":        {r2.Conditional{Matches: is("a\"\r\nb")}, false, false},
		"none match":       {r2.Conditional{DoesNotMatch: is("other")}, true, true},
		"none match it":    {r2.Conditional{DoesNotMatch: is("other", o.ETag)}, false, true},
		"none match any":   {r2.Conditional{DoesNotMatch: is("*")}, false, true},
		"uploaded before":  {r2.Conditional{UploadedBefore: &after}, true, true},
		"not before":       {r2.Conditional{UploadedBefore: &before}, false, true},
		"uploaded after":   {r2.Conditional{UploadedAfter: &before}, true, false},
		"not after":        {r2.Conditional{UploadedAfter: &after}, false, false},
		"to the milli":     {r2.Conditional{UploadedAfter: &noon}, false, false},
		"match and time":   {r2.Conditional{Matches: is(o.ETag), UploadedBefore: &before}, true, false},
		"match and after":  {r2.Conditional{Matches: is(o.ETag), UploadedAfter: &after}, false, false},
		"none match, time": {r2.Conditional{DoesNotMatch: is("other"), UploadedAfter: &after}, true, false},
	} {
		p.getIf(name, o, c.onlyIf, c.is)
		p.putIf("put "+name, "k", c.onlyIf, c.is, "content")
		p.putIf("put of none "+name, "none "+name, c.onlyIf, c.isAbout, "-")
	}
	_, err := p.b.Get(p.Context(), "no object", r2.GetOptions{OnlyIf: &r2.Conditional{Matches: is("*")}})
	p.wantErr("get of none", err, r2.ErrNoSuchKey)
}

// getIf reads o under a condition that holds or not.
func (p *place) getIf(name string, o *r2.Object, onlyIf r2.Conditional, holds bool) {
	body, err := p.b.Get(p.Context(), o.Key, r2.GetOptions{OnlyIf: &onlyIf})
	if !holds {
		if p.wantErr(name, err, r2.ErrPreconditionFailed); body == nil || body.ETag != o.ETag || body.Content != nil {
			p.Errorf("%s: %v", name, body)
		}
		return
	}
	if p.wantErr(name, err, nil); err != nil {
		return
	}
	content, err := io.ReadAll(body.Content)
	if body.Content.Close(); err != nil || string(content) != "content" {
		p.Errorf("%s: %q %v", name, content, err)
	}
}

// putIf writes key under a condition that holds or not; without it key still has
// what it had before.
func (p *place) putIf(name, key string, onlyIf r2.Conditional, holds bool, before string) {
	_, err := p.b.Put(p.Context(), key, strings.NewReader("content"), r2.PutOptions{Size: 7, OnlyIf: &onlyIf})
	want := "content"
	if holds {
		p.wantErr(name, err, nil)
	} else {
		p.wantErr(name, err, r2.ErrPreconditionFailed)
		want = before
	}
	if got := read(p, p.b, key); got != want {
		p.Errorf("%s: %q", name, got)
	}
}

func ranges(p *place) {
	content := "0123456789"
	p.put("k", content)
	p.put("empty", "")
	num := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		key, want string
		r         r2.Range
		err       error
	}{
		{"k", "2345", r2.Range{Offset: num(2), Length: num(4)}, nil},
		{"k", "89", r2.Range{Offset: num(8), Length: num(40)}, nil},
		{"k", "789", r2.Range{Offset: num(7)}, nil},
		{"k", "012", r2.Range{Length: num(3)}, nil},
		{"k", "89", r2.Range{Suffix: num(2)}, nil},
		{"k", content, r2.Range{Suffix: num(20)}, nil},
		{"k", "", r2.Range{Offset: num(10), Length: num(1)}, r2.ErrInvalidRange},
		{"k", "", r2.Range{Offset: num(11)}, r2.ErrInvalidRange},
		{"k", "", r2.Range{Suffix: num(0)}, r2.ErrInvalidRange},
		{"k", "123", r2.Range{Header: "bytes=1-3"}, nil},
		{"k", "9", r2.Range{Header: "bytes=-1"}, nil},
		{"k", content, r2.Range{Header: "bytes=50-"}, nil},
		{"empty", "", r2.Range{Offset: num(0)}, r2.ErrInvalidRange},
		{"empty", "", r2.Range{Header: "bytes=0-"}, nil},
		{"none", "", r2.Range{Offset: num(0)}, r2.ErrNoSuchKey},
	} {
		body, err := p.b.Get(p.Context(), c.key, r2.GetOptions{Range: &c.r})
		if p.wantErr(fmt.Sprint(c.r), err, c.err); err != nil {
			continue
		}
		got, err := io.ReadAll(body.Content)
		body.Content.Close()
		if err != nil || string(got) != c.want || body.Span.Length != int64(len(c.want)) {
			p.Errorf("%+v: %q %+v %v", c.r, got, body.Span, err)
		}
	}
}

func checksums(p *place) {
	content := string(noise(100_000, 'c'))
	sum := sha256.Sum256([]byte(content))
	o, err := p.b.Put(p.Context(), "k", strings.NewReader(content), r2.PutOptions{Size: int64(len(content)), Checksums: r2.Checksums{SHA256: sum[:]}})
	if err != nil {
		p.Fatal(err)
	}
	if !slices.Equal(o.Checksums.SHA256, sum[:]) || fmt.Sprintf("%x", o.Checksums.MD5) != o.ETag || o.Checksums.SHA1 != nil {
		p.Errorf("%x", o.Checksums)
	}
	var bad interface{ Error() string }
	for _, size := range []int64{int64(len(content)), -1} {
		_, err = p.b.Put(p.Context(), "k", strings.NewReader(content[1:]+"!"), r2.PutOptions{Size: size, Checksums: r2.Checksums{SHA256: sum[:]}})
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "(10037)") {
			p.Errorf("another content: %v", err)
		}
	}
	if h, err := p.b.Head(p.Context(), "k"); err != nil || describe(h) != describe(o) {
		p.Errorf("%v\n%s\n%s", err, describe(h), describe(o))
	}
	_, err = p.b.Put(p.Context(), "empty", strings.NewReader(""), r2.PutOptions{Checksums: r2.Checksums{MD5: sum[:16]}})
	if err == nil || !strings.Contains(err.Error(), "(10037)") {
		p.Errorf("an empty object: %v", err)
	}
	p.want("empty", "-")
}

// HardKeys are legal keys that a file system or S3 would confuse or refuse.
var HardKeys = []string{
	"", "/", "//", "a", "a/", "a/b", "a/b/", "a//b", "a/b/c", "A", "a.", "a ", " a", "a b", "a+b", "a%2Fb", "a%b", "a?b=c#d", "a&b", "a\\b", "a\\..\\b",
	".", "..", "../x", "a/../b", "./a", "a/.", ".hidden", "a/.flint/b", ".flint/bucket.json", ".flint/k/61", ".flint", "xl.meta", "a/xl.meta", "a/xl.meta/b", "b__XLDIR__",
	"a.txt", "a.txt/b.txt", "dir/a.txt", "dir/a.b/c.txt", "dir/sub/a.txt", "dir.d/x.txt", "dir/x.", "dir/ x.txt", "dir/a%2Fb.txt", "dir/ü+ &.txt",
	"a\x00b", "\x01", "\x1f", "\x7f", "\n", "a\r\nb", "\ufffe", "\uffff", "ü", "u\u0308", "日本/語", "😀", "\U0010ffff", "a\U0010ffff", "a/\U0010ffffz", "<>\"'&;", "~!@$^*()=[]{}|`", "CON", "a:b", "-", "-rf",
	strings.Repeat("k", 240), strings.Repeat("k", 241), strings.Repeat("k", 1024), strings.Repeat("k", 1023) + "l", strings.Repeat("ü", 512), strings.Repeat("😀", 256),
	strings.Repeat("/", 100), strings.Repeat("/", 101), strings.Repeat("/", 1024), strings.Repeat("a/", 512), strings.Repeat("../", 341) + "x", strings.Repeat("s/", 400) + "end", strings.Repeat("\n", 480), strings.Repeat("\n", 481),
}

func hardKeys(p *place) {
	for _, key := range HardKeys {
		p.put(key, "of "+key)
	}
	sorted := slices.Sorted(slices.Values(HardKeys))
	for _, key := range HardKeys {
		p.want(key, "of "+key)
	}
	for _, limit := range []int{0, 1, 7} {
		if got := keys(p, p.b, r2.ListOptions{Limit: limit}); !slices.Equal(got, sorted) {
			p.Errorf("list by %d: %s", limit, difference(got, sorted))
		}
	}
	for _, prefix := range []string{"a", "a/", "a//", ".", "..", "../", ".flint/", "k", "/", "\n", "\x00", "ü", " ", "a/.", strings.Repeat("k", 241), strings.Repeat("\n", 480), strings.Repeat("/", 101), strings.Repeat("/", 1024)} {
		for _, delimiter := range []string{"", "/", "a", "//"} {
			opts := r2.ListOptions{Prefix: prefix, Delimiter: delimiter}
			if got, want := keys(p, p.b, opts), grouped(sorted, opts); !slices.Equal(got, want) {
				p.Errorf("prefix %q delimiter %q: %s", prefix, delimiter, difference(got, want))
			}
		}
	}
	for i, key := range HardKeys {
		if err := p.b.Delete(p.Context(), key); err != nil {
			p.Errorf("delete %.40q: %v", key, err)
		}
		if i < len(HardKeys)-1 {
			p.want(key, "-")
			p.want(HardKeys[i+1], "of "+HardKeys[i+1])
		}
	}
	if got := keys(p, p.b, r2.ListOptions{}); len(got) > 0 {
		p.Errorf("left: %.60q", got)
	}
	_, err := p.b.Put(p.Context(), strings.Repeat("k", 1025), strings.NewReader(""), r2.PutOptions{})
	p.wantErr("1025 bytes", err, r2.ErrInvalidObjectName)
}

// difference is where two lists part.
func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("from %d on %.60q, want %.60q (%d and %d)", i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))], len(got), len(want))
		}
	}
	return "none"
}

// grouped is what a list of sorted keys is.
func grouped(sorted []string, opts r2.ListOptions) (out []string) {
	for _, key := range sorted {
		rest, ok := strings.CutPrefix(key, opts.Prefix)
		if !ok || opts.StartAfter != "" && key <= opts.StartAfter {
			continue
		}
		if before, _, ok := strings.Cut(rest, opts.Delimiter); ok && opts.Delimiter != "" {
			key = opts.Prefix + before + opts.Delimiter + "*"
		}
		if len(out) == 0 || out[len(out)-1] != key {
			out = append(out, key)
		}
	}
	return out
}

func list(p *place) {
	var all []string
	for _, dir := range []string{"a", "b", "c"} {
		for n := range 40 {
			all = append(all, fmt.Sprintf("%s/%02d%s", dir, n, []string{"", ".txt", ".d/x"}[n%3]))
		}
	}
	all = append(all, "a-", "b!", "z")
	var puts sync.WaitGroup
	for _, key := range all {
		puts.Go(func() { p.put(key, key) })
	}
	puts.Wait()
	slices.Sort(all)
	for _, opts := range []r2.ListOptions{
		{}, {Limit: 10}, {Prefix: "b/"}, {Prefix: "b", Limit: 3}, {Delimiter: "/"}, {Delimiter: "/", Limit: 1}, {Delimiter: "/", Prefix: "a/", Limit: 7},
		{StartAfter: "b/10", Limit: 9}, {StartAfter: "b/10", Delimiter: "/"}, {StartAfter: "b/", Delimiter: "/", Limit: 1}, {StartAfter: "b0"}, {StartAfter: "zz"}, {Prefix: "none"}, {StartAfter: "b/10.txt", Limit: 9}, {StartAfter: "b/10.txt", Delimiter: "/"}, {Prefix: "b/", StartAfter: "b/1", Delimiter: ".", Limit: 2}, {Delimiter: "0"}, {Delimiter: "/1", Limit: 2},
	} {
		if got, want := keys(p, p.b, opts), grouped(all, opts); !slices.Equal(got, want) {
			p.Errorf("%+v: %s", opts, difference(got, want))
		}
	}
	_, err := p.b.List(p.Context(), r2.ListOptions{Limit: 1001})
	p.wantErr("limit", err, r2.ErrInvalidMaxKeys)
}

func deleteMany(p *place) {
	var gone []string
	for n := range 30 {
		key := fmt.Sprintf("a/%d", n)
		p.put(key, "x")
		gone = append(gone, key)
	}
	p.put("a", "kept")
	p.put("..", "x")
	gone = append(gone, "..", "none", "a/1", "")
	if err := p.b.Delete(p.Context(), gone...); err != nil {
		p.Fatal(err)
	}
	if got := keys(p, p.b, r2.ListOptions{}); !slices.Equal(got, []string{"a"}) {
		p.Errorf("left %q", got)
	}
	p.wantErr("none", p.b.Delete(p.Context(), "none"), nil)
	p.wantErr("no keys", p.b.Delete(p.Context()), nil)
	if err := p.b.Delete(p.Context(), make([]string, 1001)...); err == nil {
		p.Error("1001 keys were taken")
	}
}

func buckets(p *place) {
	other := p.bucket(p.store, "other")
	_, err := other.Put(p.Context(), "k", strings.NewReader("x"), r2.PutOptions{Size: 1})
	p.wantErr("put", err, nil)
	p.wantErr("delete", p.store.Delete("other"), r2.ErrBucketNotEmpty)
	_, err = p.store.Create(r2.BucketInfo{Name: "other"})
	p.wantErr("create", err, r2.ErrBucketExists)
	b, err := p.store.Create(r2.BucketInfo{Name: "third", StorageClass: r2.InfrequentAccess, Location: "weur"})
	if err != nil {
		p.Fatal(err)
	}
	o, err := b.Put(p.Context(), "..", strings.NewReader("x"), r2.PutOptions{Size: 1})
	if err != nil || o.StorageClass != r2.InfrequentAccess {
		p.Errorf("%+v %v", o, err)
	}
	all, err := p.store.Buckets()
	want := []r2.BucketInfo{{Name: "media", Created: noon, StorageClass: r2.Standard}, {Name: "other", Created: noon, StorageClass: r2.Standard}, {Name: "third", Created: noon, StorageClass: r2.InfrequentAccess, Location: "weur"}}
	if err != nil || !slices.Equal(all, want) {
		p.Errorf("%+v %v", all, err)
	}
	p.wantErr("delete", b.Delete(p.Context(), ".."), nil)
	if _, err := b.CreateMultipart(p.Context(), "k", r2.MultipartOptions{}); err != nil {
		p.Error(err)
	}
	p.wantErr("delete", p.store.Delete("third"), nil)
	p.wantErr("delete", p.store.Delete("third"), r2.ErrNoSuchBucket)
	_, err = p.store.Lookup("third")
	p.wantErr("lookup", err, r2.ErrNoSuchBucket)
	p.wantErr("declare", p.store.Declare("third"), nil)
	p.wantErr("ping", p.store.Ping(p.Context()), nil)
	if got := read(p, p.bucket(p.store, "other"), "k"); got != "x" {
		p.Errorf("%q", got)
	}
}

// reopen finds everything again.
func reopen(p *place) {
	o := p.put("k", "content")
	long := p.put(strings.Repeat("k", 1024), "long")
	id, err := p.b.CreateMultipart(p.Context(), "m", r2.MultipartOptions{})
	if err != nil {
		p.Fatal(err)
	}
	etag, err := p.b.UploadPart(p.Context(), "m", id, 1, strings.NewReader("part"), 4)
	if err != nil {
		p.Fatal(err)
	}
	if err := p.store.Close(); err != nil {
		p.Fatal(err)
	}
	p.clock = clock.NewFrozen(noon.Add(time.Hour))
	p.again()
	for _, want := range []*r2.Object{o, long} {
		if h, err := p.b.Head(p.Context(), want.Key); err != nil || describe(h) != describe(want) {
			p.Errorf("%v\n%s\n%s", err, describe(h), describe(want))
		}
	}
	if got := keys(p, p.b, r2.ListOptions{}); !slices.Equal(got, []string{"k", long.Key}) {
		p.Errorf("%.40q", got)
	}
	if _, err := p.b.CompleteMultipart(p.Context(), "m", id, []r2.Part{{Number: 1, ETag: etag}}); err != nil {
		p.Error(err)
	}
	p.want("m", "part")
}

var errBroken = errors.New("the client went away")

// torn leaves the old object when the new content breaks off.
func torn(p *place) {
	for _, size := range []int{10, 100_000, 3 << 20} {
		content := string(noise(size, 't'))
		p.put("k", "old")
		for name, c := range map[string]struct {
			content io.Reader
			size    int64
			want    error
		}{
			"broken":         {broken(content[:size/2], errBroken), int64(size), errBroken},
			"broken unknown": {broken(content, errBroken), -1, errBroken},
			"broken at end":  {broken(content, errBroken), int64(size), errBroken},
			"short":          {strings.NewReader(content[1:]), int64(size), r2.ErrIncompleteBody},
			"long":           {strings.NewReader(content + "x"), int64(size), r2.ErrIncompleteBody},
		} {
			_, err := p.b.Put(p.Context(), "k", c.content, r2.PutOptions{Size: c.size})
			p.wantErr(name, err, c.want)
			p.want("k", "old")
		}
	}
}

// readers see the old object or the new one, whole.
func readers(p *place) {
	content := func(n int) string { return strings.Repeat(fmt.Sprintf("%04d", n), 1+n%3*20_000) }
	p.put("k", content(0))
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				got := read(p, p.b, "k")
				var n int
				if _, err := fmt.Sscanf(got, "%04d", &n); err != nil || got != content(n) {
					p.Errorf("read %.20q, %d bytes", got, len(got))
					return
				}
			}
		})
	}
	for n := range 40 {
		p.put("k", content(n+1))
	}
	close(done)
	all.Wait()
}
