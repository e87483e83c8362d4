package transfer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// JSONReader reads an array of objects, or objects one after the other (JSON
// lines). The keys of an object are columns. Numbers stay integers where they
// are; true and false are 1 and 0; an object or array within is stored as its
// JSON text, without white space. A key that is missing leaves its column to
// the column's default.
type JSONReader struct {
	w       *Window
	mapping map[string]string
	array   bool
	First   bool // nothing of the array was read
	sets    map[string]*ColumnSet
	last    *jsonKeys
	scratch bytes.Buffer
}

// jsonKeys are the keys of an object, in their order, and what they mean.
type jsonKeys struct {
	raw  []string // as they stand in the file, with quotes
	keep []bool
	set  *ColumnSet
}

// NewJSON reads up to the first object.
func NewJSON(w *Window, mapping map[string]string) (*JSONReader, error) {
	r := &JSONReader{w: w, mapping: mapping, First: true, sets: map[string]*ColumnSet{}}
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
		return nil, &PlaceError{Reason: msgImportEmpty}
	case ch != '{':
		return nil, &PlaceError{Reason: msgImportNotObjects}
	}
	return r, nil
}

// Names implements RowReader: the rows of JSON name their columns themselves.
func (r *JSONReader) Names() []string { return nil }

// row implements rowReader.
func (r *JSONReader) row(c *Chunk) error {
	ch, err := r.separator()
	if err != nil {
		return err
	}
	if ch != '{' {
		return &PlaceError{Reason: fmt.Sprintf(msgImportWantObject, string(rune(ch)))}
	}
	object, err := r.object()
	if err != nil {
		return err
	}
	head := len(c.Packed)
	keys, packed, err := r.pack(object, c.Packed)
	if err != nil {
		return err
	}
	if c.Set != nil && c.Set != keys.set {
		c.Packed = packed[:head]
		return errOtherColumns
	}
	c.Set, c.Packed = keys.set, packed
	c.Lines = append(c.Lines, r.w.at.Line)
	r.w.take(len(object))
	r.First = false
	return nil
}

// separator looks for the next object, behind its comma in an array. It takes
// the comma only together with the object, so that a place between two rows is
// always behind a row.
func (r *JSONReader) separator() (byte, error) {
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
	if ch == ',' && !r.First {
		r.w.take(1)
		r.First = true // the comma counts as read: a row of other columns comes here again
		if ch, err = r.w.peek(); err == nil && ch == ']' {
			return 0, &PlaceError{Reason: msgImportComma}
		}
		return ch, err
	}
	switch {
	case ch == ']':
		r.w.take(1)
		if ch, err = r.w.peek(); err == nil && ch != 0 {
			err = &PlaceError{Reason: msgImportAfterArray}
		}
		if err == nil {
			err = io.EOF
		}
		return 0, err
	case ch == 0:
		return 0, &PlaceError{Reason: msgImportEnds}
	case !r.First:
		return 0, &PlaceError{Reason: msgImportWantComma}
	}
	return ch, nil
}

// object is the whole text of the object at the head of the window.
func (r *JSONReader) object() ([]byte, error) {
	for at, depth, quoted := 0, 0, false; ; {
		b := r.w.Rest()
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
func (r *JSONReader) broken(b []byte) error {
	p := codec.Parser{In: b}
	if p.Skip() == nil {
		return &PlaceError{Reason: msgImportEnds}
	}
	return &PlaceError{offset: p.At, Reason: p.Reason}
}

// pack appends the values of an object.
func (r *JSONReader) pack(object, packed []byte) (*jsonKeys, []byte, error) {
	p := codec.Parser{In: object, Packed: packed}
	keys, same := r.last, r.last != nil
	var seen []string
	n := 0
	err := p.List('{', '}', func() error {
		raw, err := p.RawText()
		if err != nil {
			return err
		}
		if !p.Accept(':') {
			return p.Fail("expected ':'")
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
			return &PlaceError{offset: p.At, Reason: err.Error()}
		}
		n++
		head := len(p.Packed)
		err = r.value(&p)
		if !keep {
			p.Packed = p.Packed[:head]
		}
		return err
	})
	if place, ok := err.(*PlaceError); ok {
		return nil, nil, place
	}
	if err != nil {
		return nil, nil, &PlaceError{offset: p.At, Reason: p.Reason}
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
	return keys, p.Packed, nil
}

// column is the column that a key of the file stands for.
func (r *JSONReader) column(raw string) (name string, keep bool, err error) {
	if err := json.Unmarshal([]byte(raw), &name); err != nil {
		return "", false, err
	}
	name, keep = rename(r.mapping, name)
	return name, keep, nil
}

// keysOf finds or makes the set of columns for these keys.
func (r *JSONReader) keysOf(raw []string) (*jsonKeys, error) {
	k := &jsonKeys{raw: raw}
	var names []string
	for _, text := range raw {
		name, keep, err := r.column(text)
		if err != nil {
			return nil, &PlaceError{Reason: err.Error()}
		}
		if keep && HasName(names, name) {
			return nil, &PlaceError{Reason: fmt.Sprintf(msgImportTwice, name)}
		}
		k.keep = append(k.keep, keep)
		if keep {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, &PlaceError{Reason: msgImportNoColumns}
	}
	key := strings.Join(names, "\x00")
	if r.sets[key] == nil {
		if len(r.sets) >= maxColumnSets {
			clear(r.sets)
		}
		r.sets[key] = &ColumnSet{Names: names}
	}
	k.set = r.sets[key]
	return k, nil
}

// value packs one value.
func (r *JSONReader) value(p *codec.Parser) error {
	switch ch := p.Peek(); {
	case ch == '"':
		return p.PackPlain()
	case ch == '-' || ch >= '0' && ch <= '9':
		return p.PackNumber()
	case ch == 't' || ch == 'f':
		n := uint64(0)
		if ch == 't' {
			n = 1
		}
		p.Packed = binary.NativeEndian.AppendUint64(append(p.Packed, csqlite.Integer), n)
		return p.Skip()
	case ch == '{' || ch == '[':
		from := p.At
		if err := p.Skip(); err != nil {
			return err
		}
		r.scratch.Reset()
		if err := json.Compact(&r.scratch, p.In[from:p.At]); err != nil {
			return p.Fail(err.Error())
		}
		p.Packed = codec.PackBytes(p.Packed, csqlite.Text, r.scratch.Bytes())
		return nil
	}
	p.Packed = append(p.Packed, csqlite.Null)
	return p.Word("null")
}
