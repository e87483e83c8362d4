package r2test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/r2"
)

// Open opens a store on a place. It may be called again, also while an older
// store is still open, as after a kill -9.
type Open func(c clock.Clock) (*r2.Store, error)

// Driver is what is tested.
type Driver struct {
	// New makes an empty place.
	New func(t testing.TB) Open
	// SlowClock says that the driver takes moments of completion and of parts
	// from a clock of its own.
	SlowClock bool
	// MaxMetadata is how much custom metadata it keeps with an object, in bytes.
	MaxMetadata int
}

// noon has milliseconds, which HTTP dates lose.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 250e6, time.UTC)

// Run tests a driver.
func Run(t *testing.T, d Driver) {
	t.Helper()
	for name, test := range map[string]func(*place){
		"objects":     objects,
		"metadata":    metadata,
		"conditions":  conditions,
		"ranges":      ranges,
		"checksums":   checksums,
		"hard keys":   hardKeys,
		"list":        list,
		"multipart":   multipart,
		"uploads":     uploads,
		"copy":        copies,
		"parts":       copiedParts,
		"delete":      deleteMany,
		"buckets":     buckets,
		"reopen":      reopen,
		"torn":        torn,
		"lifecycle":   lifecycle,
		"upload sums": uploadSums,
		"part spans":  partSpans,
		"readers":     readers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(d.at(t))
		})
	}
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		model(t, d)
	})
}

// place is an empty store on a clock that stands still.
type place struct {
	*testing.T
	driver Driver
	clock  *clock.Virtual
	open   Open
	store  *r2.Store
	b      *r2.Bucket
}

func (d Driver) at(t *testing.T) *place {
	t.Helper()
	p := &place{T: t, driver: d, open: d.New(t), clock: clock.NewFrozen(noon)}
	p.again()
	return p
}

// again opens another store on the same place.
func (p *place) again() {
	p.Helper()
	s, err := p.open(p.clock)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		if err := s.Close(); err != nil {
			p.Error(err)
		}
	})
	p.store, p.b = s, p.bucket(s, "media")
}

func (p *place) bucket(s *r2.Store, name string) *r2.Bucket {
	p.Helper()
	b, err := s.Bucket(name)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

func (p *place) put(key, content string) *r2.Object {
	p.Helper()
	o, err := p.b.Put(p.Context(), key, strings.NewReader(content), r2.PutOptions{Size: int64(len(content))})
	if err != nil {
		p.Fatalf("put %.40q: %v", key, err)
	}
	return o
}

// read is the content of an object; "-" if there is none.
func read(t testing.TB, b *r2.Bucket, key string) string {
	t.Helper()
	body, err := b.Get(t.Context(), key, r2.GetOptions{})
	if errors.Is(err, r2.ErrNoSuchKey) {
		return "-"
	}
	if err != nil {
		t.Fatalf("get %.40q: %v", key, err)
	}
	defer body.Content.Close()
	content, err := io.ReadAll(body.Content)
	if err != nil || int64(len(content)) != body.Size {
		t.Fatalf("get %.40q: %d of %d bytes, %v", key, len(content), body.Size, err)
	}
	return string(content)
}

func (p *place) want(key, content string) {
	p.Helper()
	if got := read(p, p.b, key); got != content {
		p.Errorf("%.40q is %.40q, want %.40q", key, got, content)
	}
}

func (p *place) wantErr(what string, err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.Errorf("%s: %v, want %v", what, err, want)
	}
}

// keys lists the bucket: keys and, with a star, groups, in order.
func keys(t testing.TB, b *r2.Bucket, opts r2.ListOptions) []string {
	t.Helper()
	var all []string
	for pages := 0; ; pages++ {
		l, err := b.List(t.Context(), opts)
		if err != nil {
			t.Fatalf("list %+v: %v", opts, err)
		}
		n := len(l.Objects) + len(l.Prefixes)
		if opts.Limit > 0 && (n > opts.Limit || l.Truncated() && n != opts.Limit) {
			t.Fatalf("a page of %d, limit %d, truncated %v", n, opts.Limit, l.Truncated())
		}
		all = append(all, merged(l)...)
		if !l.Truncated() {
			return all
		}
		if pages > 10_000 {
			t.Fatalf("list %+v does not end", opts)
		}
		opts.Cursor = l.Cursor
	}
}

// merged is a page in one order.
func merged(l *r2.Listing) (all []string) {
	at := 0
	for _, group := range l.Prefixes {
		for ; at < len(l.Objects) && l.Objects[at].Key < group; at++ {
			all = append(all, l.Objects[at].Key)
		}
		all = append(all, group+"*")
	}
	for ; at < len(l.Objects); at++ {
		all = append(all, l.Objects[at].Key)
	}
	return all
}

// describe is all that is known of an object.
func describe(o *r2.Object) string {
	expiry := "none"
	if o.HTTP.CacheExpiry != nil {
		expiry = fmt.Sprint(*o.HTTP.CacheExpiry)
	}
	h := o.HTTP
	h.CacheExpiry = nil
	return fmt.Sprintf("%q %s %d %s %s %+v expiry %s %q %x %s", o.Key, o.Version, o.Size, o.ETag,
		o.Uploaded.Format(time.RFC3339Nano), h, expiry, o.Custom, o.Checksums, o.StorageClass)
}

// errReader breaks off.
type errReader struct {
	io.Reader
	err error
}

func broken(content string, err error) io.Reader { return &errReader{strings.NewReader(content), err} }

// Read implements io.Reader.
func (r *errReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = r.err
	}
	return n, err
}

func noise(n int, seed byte) []byte {
	b := bytes.Repeat([]byte{seed}, n)
	for i := 0; i < n; i += 997 {
		b[i] ^= byte(i >> 3)
	}
	return b
}
