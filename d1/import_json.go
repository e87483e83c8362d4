package d1

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"flint/d1/csqlite"
)

// jsonReader reads an array of objects, or objects one after the other (JSON
// lines). The keys of an object are columns. Numbers stay integers where they
// are; true and false are 1 and 0; an object or array within is stored as its
// JSON text, without white space. A key that is missing leaves its column to
// the column's default.
type jsonReader struct {
	w       *window
	mapping map[string]string
	array   bool
	first   bool // nothing of the array was read
	sets    map[string]*columnSet
	last    *jsonKeys
	scratch bytes.Buffer
}

// jsonKeys are the keys of an object, in their order, and what they mean.
type jsonKeys struct {
	raw  []string // as they stand in the file, with quotes
	keep []bool
	set  *columnSet
}

// newJSON reads up to the first object.
func newJSON(w *window, mapping map[string]string) (*jsonReader, error) {
	r := &jsonReader{w: w, mapping: mapping, first: true, sets: map[string]*columnSet{}}
	if err := w.skipMark(); err != nil {
		return nil, err
	}
	ch, err := w.peek()
	switch {
	case err != nil:
		return nil, err
	case ch == '[':
		r.array = true
		w.take(1)
	case ch == 0:
		return nil, &placeError{why: msgImportEmpty}
	case ch != '{':
		return nil, &placeError{why: msgImportNotObjects}
	}
	return r, nil
}

func (r *jsonReader) names() []string { return nil }

// row implements rowReader.
func (r *jsonReader) row(c *chunk) error {
	ch, err := r.separator()
	if err != nil {
		return err
	}
	if ch != '{' {
		return &placeError{why: fmt.Sprintf(msgImportWantObject, string(rune(ch)))}
	}
	object, err := r.object()
	if err != nil {
		return err
	}
	head := len(c.packed)
	keys, packed, err := r.pack(object, c.packed)
	if err != nil {
		return err
	}
	if c.set != nil && c.set != keys.set {
		c.packed = packed[:head]
		return errOtherColumns
	}
	c.set, c.packed = keys.set, packed
	c.lines = append(c.lines, r.w.at.line)
	r.w.take(len(object))
	r.first = false
	return nil
}

// separator looks for the next object, behind its comma in an array. It takes
// the comma only together with the object, so that a place between two rows is
// always behind a row.
func (r *jsonReader) separator() (byte, error) {
	ch, err := r.w.peek()
	if err != nil {
		return 0, err
	}
	if !r.array {
		if ch == 0 {
			return 0, io.EOF
		}
		return ch, nil
	}
	if ch == ',' && !r.first {
		r.w.take(1)
		r.first = true // the comma counts as read: a row of other columns comes here again
		if ch, err = r.w.peek(); err == nil && ch == ']' {
			return 0, &placeError{why: msgImportComma}
		}
		return ch, err
	}
	switch {
	case ch == ']':
		r.w.take(1)
		if ch, err = r.w.peek(); err == nil && ch != 0 {
			err = &placeError{why: msgImportAfterArray}
		}
		if err == nil {
			err = io.EOF
		}
		return 0, err
	case ch == 0:
		return 0, &placeError{why: msgImportEnds}
	case !r.first:
		return 0, &placeError{why: msgImportWantComma}
	}
	return ch, nil
}

// object is the whole text of the object at the head of the window.
func (r *jsonReader) object() ([]byte, error) {
	for at, depth, quoted := 0, 0, false; ; {
		b := r.w.rest()
		for ; at < len(b); at++ {
			switch ch := b[at]; {
			case quoted:
				if ch == '\\' {
					at++
				} else if ch == '"' {
					quoted = false
				}
			case ch == '"':
				quoted = true
			case ch == '{' || ch == '[':
				depth++
			case ch == '}' || ch == ']':
				if depth--; depth == 0 {
					return b[:at+1], nil
				}
			}
		}
		if r.w.eof {
			return nil, r.broken(b)
		}
		if err := r.w.more(); err != nil {
			return nil, err
		}
	}
}

// broken says where an object that has no end stops making sense.
func (r *jsonReader) broken(b []byte) error {
	p := parser{in: b}
	if p.skip() == nil {
		return &placeError{why: msgImportEnds}
	}
	return &placeError{offset: p.at, why: p.why}
}

// pack appends the values of an object.
func (r *jsonReader) pack(object, packed []byte) (*jsonKeys, []byte, error) {
	p := parser{in: object, packed: packed}
	keys, same := r.last, r.last != nil
	var seen []string
	n := 0
	err := p.list('{', '}', func() error {
		raw, err := p.rawText()
		if err != nil {
			return err
		}
		if !p.accept(':') {
			return p.fail("expected ':'")
		}
		if same && (n >= len(keys.raw) || keys.raw[n] != string(raw)) {
			same = false
			seen = append(seen, keys.raw[:n]...)
		}
		if !same {
			seen = append(seen, string(raw))
		}
		keep := true
		if same {
			keep = keys.keep[n]
		} else if _, keep, err = r.column(string(raw)); err != nil {
			return &placeError{offset: p.at, why: err.Error()}
		}
		n++
		head := len(p.packed)
		err = r.value(&p)
		if !keep {
			p.packed = p.packed[:head]
		}
		return err
	})
	if place, ok := err.(*placeError); ok {
		return nil, nil, place
	}
	if err != nil {
		return nil, nil, &placeError{offset: p.at, why: p.why}
	}
	if !same || n != len(keys.raw) {
		if same {
			seen = keys.raw[:n]
		}
		if keys, err = r.keysOf(seen); err != nil {
			return nil, nil, err
		}
		r.last = keys
	}
	return keys, p.packed, nil
}

// column is the column that a key of the file stands for.
func (r *jsonReader) column(raw string) (name string, keep bool, err error) {
	if err := json.Unmarshal([]byte(raw), &name); err != nil {
		return "", false, err
	}
	name, keep = rename(r.mapping, name)
	return name, keep, nil
}

// keysOf finds or makes the set of columns for these keys.
func (r *jsonReader) keysOf(raw []string) (*jsonKeys, error) {
	k := &jsonKeys{raw: raw}
	var names []string
	for _, text := range raw {
		name, keep, err := r.column(text)
		if err != nil {
			return nil, &placeError{why: err.Error()}
		}
		if keep && hasName(names, name) {
			return nil, &placeError{why: fmt.Sprintf(msgImportTwice, name)}
		}
		k.keep = append(k.keep, keep)
		if keep {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, &placeError{why: msgImportNoColumns}
	}
	key := strings.Join(names, "\x00")
	if r.sets[key] == nil {
		if len(r.sets) >= maxColumnSets {
			clear(r.sets)
		}
		r.sets[key] = &columnSet{names: names}
	}
	k.set = r.sets[key]
	return k, nil
}

// value packs one value.
func (r *jsonReader) value(p *parser) error {
	switch ch := p.peek(); {
	case ch == '"':
		return p.packPlain()
	case ch == '-' || ch >= '0' && ch <= '9':
		return p.packNumber()
	case ch == 't' || ch == 'f':
		n := uint64(0)
		if ch == 't' {
			n = 1
		}
		p.packed = binary.NativeEndian.AppendUint64(append(p.packed, csqlite.Integer), n)
		return p.skip()
	case ch == '{' || ch == '[':
		from := p.at
		if err := p.skip(); err != nil {
			return err
		}
		r.scratch.Reset()
		if err := json.Compact(&r.scratch, p.in[from:p.at]); err != nil {
			return p.fail(err.Error())
		}
		p.packed = packBytes(p.packed, csqlite.Text, r.scratch.Bytes())
		return nil
	}
	p.packed = append(p.packed, csqlite.Null)
	return p.word("null")
}

// rawText reads a string and returns it as it stands, with its quotes.
func (p *parser) rawText() ([]byte, error) {
	if p.peek() != '"' {
		return nil, p.fail("expected a string")
	}
	from := p.at
	for i := from + 1; i < len(p.in); i++ {
		if ch := p.in[i]; ch == '\\' || ch < ' ' || ch >= 0x80 {
			break
		} else if ch == '"' {
			p.at = i + 1
			return p.in[from:p.at], nil
		}
	}
	_, err := p.text()
	return p.in[from:p.at], err
}

// packPlain packs a string; most have nothing to undo.
func (p *parser) packPlain() error {
	for i := p.at + 1; i < len(p.in); i++ {
		if ch := p.in[i]; ch == '\\' || ch < ' ' || ch >= 0x80 {
			break
		} else if ch == '"' {
			p.packed = packBytes(p.packed, csqlite.Text, p.in[p.at+1:i])
			p.at = i + 1
			return nil
		}
	}
	return p.packText()
}

// packNumber packs a number: INTEGER where it is one and fits, else REAL.
func (p *parser) packNumber() error {
	from := p.at
	f, err := p.number()
	if err != nil {
		return err
	}
	text := p.in[from:p.at]
	if !bytes.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			p.packed = binary.NativeEndian.AppendUint64(append(p.packed, csqlite.Integer), uint64(n))
			return nil
		}
	}
	p.packed = packReal(p.packed, f)
	return nil
}
