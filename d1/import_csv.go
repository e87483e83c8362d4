package d1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"flint/d1/csqlite"
)

// csvReader reads CSV (RFC 4180) whose first line names the columns. Every
// value is TEXT, and the type of its column makes a number of it as SQLite
// does for any INSERT; an empty field is NULL, and "" is an empty text.
type csvReader struct {
	w       *window
	comma   byte
	columns columnSet
	keep    []bool // by field: false for one that is left out
}

// newCSV reads the header.
func newCSV(w *window, comma byte, mapping map[string]string) (*csvReader, error) {
	r := &csvReader{w: w, comma: comma}
	if err := w.skipMark(); err != nil {
		return nil, err
	}
	var head chunk
	if err := r.row(&head); err != nil {
		if err == io.EOF {
			err = &placeError{why: msgImportEmpty}
		}
		return nil, err
	}
	for p := head.packed; len(p) > 0; {
		var v any
		v, p = goValue(p)
		name, _ := v.(string)
		if name == "" {
			return nil, &placeError{why: fmt.Sprintf(msgImportNoName, len(r.keep)+1), line: head.lines[0]}
		}
		to, keep := rename(mapping, name)
		if keep && hasName(r.columns.names, to) {
			return nil, &placeError{why: fmt.Sprintf(msgImportTwice, to), line: head.lines[0]}
		}
		r.keep = append(r.keep, keep)
		if keep {
			r.columns.names = append(r.columns.names, to)
		}
	}
	if len(r.columns.names) == 0 {
		return nil, &placeError{why: msgImportNoColumns, line: head.lines[0]}
	}
	return r, nil
}

func (r *csvReader) names() []string { return r.columns.names }

// row implements rowReader.
func (r *csvReader) row(c *chunk) error {
	c.set = &r.columns
	for {
		b := r.w.rest()
		if len(b) == 0 && r.w.eof {
			return io.EOF
		}
		packed, n, err := r.record(b, c.packed)
		if err == errMore {
			if err = r.w.more(); err == nil {
				continue
			}
		}
		if err != nil {
			return incomplete(err)
		}
		line := r.w.at.line
		r.w.take(n)
		if len(packed) > len(c.packed) { // not an empty line
			c.packed = packed
			c.lines = append(c.lines, line)
			return nil
		}
	}
}

// errMore says that a record goes on behind what is in memory.
var errMore = errors.New("more of the file is needed")

// record packs the record at the head of b and tells its length. An empty line
// has no values.
func (r *csvReader) record(b, packed []byte) ([]byte, int, error) {
	if n := lineEnd(b, 0, r.w.eof); n != 0 {
		if n < 0 {
			return nil, 0, errMore
		}
		return packed, n, nil
	}
	for at, field := 0, 0; ; field++ {
		head, start := len(packed), at
		var err error
		if packed, at, err = r.field(b, at, packed); err != nil {
			return nil, 0, err
		}
		if r.keep != nil {
			if field >= len(r.keep) {
				return nil, 0, &placeError{offset: start, why: fmt.Sprintf(msgImportMoreFields, len(r.keep))}
			}
			if !r.keep[field] {
				packed = packed[:head]
			}
		}
		if at < len(b) && b[at] == r.comma {
			at++
			continue
		}
		n := lineEnd(b, at, r.w.eof)
		switch {
		case n < 0 || at == len(b) && !r.w.eof:
			return nil, 0, errMore
		case n == 0 && at < len(b):
			return nil, 0, &placeError{offset: at, why: msgImportAfterQuote}
		case r.keep != nil && field+1 < len(r.keep):
			return nil, 0, &placeError{offset: at, why: fmt.Sprintf(msgImportFields, field+1, len(r.keep))}
		}
		if !utf8.Valid(b[:at]) {
			return nil, 0, &placeError{offset: invalidAt(b), why: msgImportUTF8}
		}
		return packed, at + n, nil
	}
}

// lineEnd is the length of the line break at b[at:], 0 if there is none, and
// below zero if that cannot be said yet.
func lineEnd(b []byte, at int, eof bool) int {
	switch {
	case at == len(b):
		return 0
	case b[at] == '\n':
		return 1
	case b[at] != '\r':
		return 0
	case at+1 == len(b):
		if eof {
			return 1
		}
		return -1
	case b[at+1] == '\n':
		return 2
	}
	return 0
}

// field packs the field at b[at:] and returns where it ends.
func (r *csvReader) field(b []byte, at int, packed []byte) ([]byte, int, error) {
	if at < len(b) && b[at] == '"' {
		return r.quoted(b, at, packed)
	}
	end := at
	for end < len(b) && b[end] != r.comma && b[end] != '\n' {
		if b[end] == '"' {
			return nil, 0, &placeError{offset: end, why: msgImportQuote}
		}
		end++
	}
	if end == len(b) && !r.w.eof {
		return nil, 0, errMore
	}
	if end > at && b[end-1] == '\r' && (end == len(b) || b[end] == '\n') {
		end--
	}
	if end == at {
		return append(packed, csqlite.Null), end, nil
	}
	return packBytes(packed, csqlite.Text, b[at:end]), end, nil
}

// quoted packs the quoted field that begins at b[at].
func (r *csvReader) quoted(b []byte, at int, packed []byte) ([]byte, int, error) {
	head := len(packed)
	packed = packBytes(packed, csqlite.Text, "")
	for from := at + 1; ; {
		i := bytes.IndexByte(b[from:], '"')
		end := from + i
		switch {
		case i < 0 && r.w.eof:
			return nil, 0, &placeError{offset: at, why: msgImportNoQuote}
		case i < 0 || end+1 == len(b) && !r.w.eof:
			return nil, 0, errMore
		case end+1 < len(b) && b[end+1] == '"':
			packed = append(packed, b[from:end+1]...)
			from = end + 2
		default:
			packed = append(packed, b[from:end]...)
			putLength(packed, head)
			return packed, end + 1, nil
		}
	}
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}
