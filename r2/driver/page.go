package driver

import (
	"encoding/base64"
	"strings"
)

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

// AfterAll sorts after every text that follows it in a key: no UTF-8 has it.
const AfterAll = "\xff"

// MaxSkip is how many keys of a group are stepped over one by one before a new
// query jumps behind the group.
const MaxSkip = 32

// Page is a list under way.
type Page struct {
	Opts  ListOptions
	Limit int
	After string // the key or group that was dealt with last
	Any   bool   // something was dealt with, or the client said where to start
	bytes int
	Done  bool
	Out   Listing
}

// NewPage begins a page of a list.
func NewPage(opts ListOptions) (*Page, error) {
	p := &Page{Opts: opts, Limit: opts.Limit}
	if p.Limit == 0 {
		p.Limit = MaxListKeys
	}
	if p.Limit < 0 || p.Limit > MaxListKeys {
		return nil, ErrInvalidMaxKeys
	}
	p.After, p.Any = opts.StartAfter, opts.StartAfter != ""
	if opts.Cursor != "" {
		after, ok := DecodeCursor(opts.Cursor)
		if !ok {
			return nil, errInvalidCursor
		}
		p.After, p.Any = max(p.After, after), true
	}
	return p, nil
}

// cursorVersion begins every cursor, so that the one after an empty key is not
// empty itself.
const cursorVersion = "1"

// EncodeCursor makes a cursor of the last key of a page.
func EncodeCursor(after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + after))
}

// DecodeCursor gives the key that a cursor was made of, and reports whether it is one.
func DecodeCursor(cursor string) (after string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(raw), cursorVersion)
}

// Full reports whether nothing more fits into the page.
func (p *Page) Full() bool {
	return len(p.Out.Objects)+len(p.Out.Prefixes) >= p.Limit || p.bytes > maxListBytes
}

// AddObject takes an object, whose metadata is that long in JSON, about.
func (p *Page) AddObject(o *Object, metadata int) {
	p.Any = true
	p.Out.Objects = append(p.Out.Objects, o)
	p.After = o.Key
	p.bytes += 320 + escapedLength(o.Key) + metadata
}

// AddGroup takes a common prefix.
func (p *Page) AddGroup(group string) {
	p.Any = true
	p.Out.Prefixes = append(p.Out.Prefixes, group)
	p.After = group + AfterAll
	p.bytes += escapedLength(group)
}

// GroupOf is the group that a delimiter makes of a key with the prefix, if any.
func GroupOf(key, prefix, delimiter string) (group string, ok bool) {
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

// addS3 takes an object, by itself or as its group.
func (p *Page) AddSized(o *Object) {
	if group, ok := GroupOf(o.Key, p.Opts.Prefix, p.Opts.Delimiter); ok {
		p.AddGroup(group)
		return
	}
	size := 0
	if !p.Opts.IncludeHTTP {
		o.HTTP = HTTPMetadata{}
	}
	if !p.Opts.IncludeCustom {
		o.Custom = nil
	}
	for _, s := range o.HTTP.Texts() {
		size += escapedLength(*s)
	}
	for _, f := range o.Custom {
		size += 16 + escapedLength(f.Name) + escapedLength(f.Value)
	}
	p.AddObject(o, size+len(o.Checksums.Text("")))
}
