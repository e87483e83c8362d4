package r2

import (
	"context"
	"encoding/base64"
	"strings"
)

// ListOptions narrow a list.
type ListOptions struct {
	Prefix     string
	Delimiter  string // groups keys that have it after the prefix; empty: none
	Cursor     string // from an earlier page
	StartAfter string // list keys after this one
	// Limit is the size of the page, 1 to 1000; 0 means 1000.
	Limit int
	// IncludeHTTP and IncludeCustom ask for metadata, without which objects
	// come bare of it.
	IncludeHTTP, IncludeCustom bool
}

// Listing is one page of a list.
type Listing struct {
	Objects []*Object
	// Prefixes are the groups that Delimiter makes, in order.
	Prefixes []string
	// Cursor continues the list; empty at its end.
	Cursor string
}

// Truncated reports whether there is more.
func (l *Listing) Truncated() bool { return l.Cursor != "" }

// List returns a page of the objects in the order of their keys' UTF-8 bytes.
// A page may end before the limit when its metadata is large. Of a cursor and
// a StartAfter the later one counts.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2listoptions
func (b *Bucket) List(ctx context.Context, opts ListOptions) (*Listing, error) {
	p, err := newPage(opts)
	if err != nil {
		return nil, err
	}
	if err := b.driver.list(ctx, p); err != nil {
		return nil, named(err)
	}
	return &p.out, nil
}

func (b *diskBucket) list(ctx context.Context, p *page) error {
	if err := b.settled(); err != nil {
		return err
	}
	for !p.done {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.scan(p); err != nil {
			return err
		}
	}
	return nil
}

// afterAll sorts after every text that follows it in a key: no UTF-8 has it.
const afterAll = "\xff"

// maxSkip is how many keys of a group are stepped over one by one before a new
// query jumps behind the group.
const maxSkip = 32

// page is a list under way.
type page struct {
	opts  ListOptions
	limit int
	after string // the key or group that was dealt with last
	any   bool   // something was dealt with, or the client said where to start
	bytes int
	done  bool
	out   Listing
}

func newPage(opts ListOptions) (*page, error) {
	p := &page{opts: opts, limit: opts.Limit}
	if p.limit == 0 {
		p.limit = MaxListKeys
	}
	if p.limit < 0 || p.limit > MaxListKeys {
		return nil, ErrInvalidMaxKeys
	}
	p.after, p.any = opts.StartAfter, opts.StartAfter != ""
	if opts.Cursor != "" {
		after, ok := decodeCursor(opts.Cursor)
		if !ok {
			return nil, errInvalidCursor
		}
		p.after, p.any = max(p.after, after), true
	}
	return p, nil
}

// cursorVersion begins every cursor, so that the one after an empty key is not
// empty itself.
const cursorVersion = "1"

func encodeCursor(after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + after))
}

func decodeCursor(cursor string) (after string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(raw), cursorVersion)
}

// scan reads keys in order until the page is full, the keys end, or a large
// group is better jumped over.
func (b *diskBucket) scan(p *page) error {
	rows, err := b.stmts.list.Query(max(p.opts.Prefix, p.after), p.opts.Prefix+afterAll)
	if err != nil {
		return err
	}
	defer rows.Close()
	for skipped := 0; rows.Next(); {
		r := &row{}
		if err := rows.Scan(append([]any{&r.o.Key}, r.dest()...)...); err != nil {
			return err
		}
		if p.any && r.o.Key <= p.after { // that key itself, or of that group
			if skipped++; skipped > maxSkip {
				return nil
			}
			continue
		}
		if p.full() {
			p.out.Cursor = encodeCursor(p.after)
			p.done = true
			return nil
		}
		if err := p.add(r); err != nil {
			return err
		}
	}
	p.done = true
	return rows.Err()
}

func (p *page) full() bool {
	return len(p.out.Objects)+len(p.out.Prefixes) >= p.limit || p.bytes > maxListBytes
}

// add takes the next key into the page, by itself or as its group.
func (p *page) add(r *row) error {
	key := r.o.Key
	if group, ok := groupOf(key, p.opts.Prefix, p.opts.Delimiter); ok {
		p.addGroup(group)
		return nil
	}
	if !p.opts.IncludeHTTP {
		r.http = ""
	}
	if !p.opts.IncludeCustom {
		r.custom = ""
	}
	o, err := r.object()
	if err != nil {
		return err
	}
	p.addObject(o, len(r.http)+len(r.custom)+len(r.checksums))
	return nil
}

// addObject takes an object, whose metadata is that long in JSON, about.
func (p *page) addObject(o *Object, metadata int) {
	p.any = true
	p.out.Objects = append(p.out.Objects, o)
	p.after = o.Key
	p.bytes += 320 + escapedLength(o.Key) + metadata
}

func (p *page) addGroup(group string) {
	p.any = true
	p.out.Prefixes = append(p.out.Prefixes, group)
	p.after = group + afterAll
	p.bytes += escapedLength(group)
}

// groupOf is the group that a delimiter makes of a key with the prefix, if any.
func groupOf(key, prefix, delimiter string) (group string, ok bool) {
	if delimiter == "" {
		return "", false
	}
	i := strings.Index(key[len(prefix):], delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(prefix)+i+len(delimiter)], true
}

// escapedLength is about how long s is in JSON.
func escapedLength(s string) int {
	n := len(s)
	for _, c := range []byte(s) {
		if c < 0x20 {
			n += 5
		} else if c == '"' || c == '\\' {
			n++
		}
	}
	return n
}
