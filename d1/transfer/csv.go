package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// csvReader reads CSV (RFC 4180) whose first line names the columns. Every
// value is TEXT, and the type of its column makes a number of it as SQLite
// does for any INSERT; an empty field is NULL, and "" is an empty text.
type csvReader struct {
	w       *Window
	comma   byte
	columns ColumnSet
	keep    []bool // by field: false for one that is left out
}

// NewCSV reads the header.
func NewCSV(w *Window, comma byte, mapping map[string]string) (*csvReader, error) {
	r := &csvReader{w: w, comma: comma}
	if err := w.skipMark(); err != nil {
		return nil, err
	}
	var head Chunk
	if err := r.row(&head); err != nil {
		if err == io.EOF {
			err = &PlaceError{Reason: msgImportEmpty}
		}
		return nil, err
	}
	for p := head.Packed; len(p) > 0; {
		var v any
		v, p = codec.GoValue(p)
		name, _ := v.(string)
		if name == "" {
			return nil, &PlaceError{Reason: fmt.Sprintf(msgImportNoName, len(r.keep)+1), line: head.Lines[0]}
		}
		to, keep := rename(mapping, name)
		if keep && HasName(r.columns.Names, to) {
			return nil, &PlaceError{Reason: fmt.Sprintf(msgImportTwice, to), line: head.Lines[0]}
		}
		r.keep = append(r.keep, keep)
		if keep {
			r.columns.Names = append(r.columns.Names, to)
		}
	}
	if len(r.columns.Names) == 0 {
		return nil, &PlaceError{Reason: msgImportNoColumns, line: head.Lines[0]}
	}
	return r, nil
}

func (r *csvReader) Names() []string { return r.columns.Names }

// row implements rowReader.
func (r *csvReader) row(c *Chunk) error {
	c.Set = &r.columns
	for {
		b := r.w.Rest()
		if len(b) == 0 && r.w.eof {
			return io.EOF
		}
		packed, n, err := r.record(b, c.Packed)
		if err == errMore {
			if err = r.w.more(); err == nil {
				continue
			}
		}
		if err != nil {
			return incomplete(err)
		}
		line := r.w.at.Line
		r.w.take(n)
		if len(packed) > len(c.Packed) { // not an empty line
			c.Packed = packed
			c.Lines = append(c.Lines, line)
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
				return nil, 0, &PlaceError{offset: start, Reason: fmt.Sprintf(msgImportMoreFields, len(r.keep))}
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
			return nil, 0, &PlaceError{offset: at, Reason: msgImportAfterQuote}
		case r.keep != nil && field+1 < len(r.keep):
			return nil, 0, &PlaceError{offset: at, Reason: fmt.Sprintf(msgImportFields, field+1, len(r.keep))}
		}
		if !utf8.Valid(b[:at]) {
			return nil, 0, &PlaceError{offset: invalidAt(b), Reason: msgImportUTF8}
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
			return nil, 0, &PlaceError{offset: end, Reason: msgImportQuote}
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
	return codec.PackBytes(packed, csqlite.Text, b[at:end]), end, nil
}

// quoted packs the quoted field that begins at b[at].
func (r *csvReader) quoted(b []byte, at int, packed []byte) ([]byte, int, error) {
	head := len(packed)
	packed = codec.PackBytes(packed, csqlite.Text, "")
	for from := at + 1; ; {
		i := bytes.IndexByte(b[from:], '"')
		end := from + i
		switch {
		case i < 0 && r.w.eof:
			return nil, 0, &PlaceError{offset: at, Reason: msgImportNoQuote}
		case i < 0 || end+1 == len(b) && !r.w.eof:
			return nil, 0, errMore
		case end+1 < len(b) && b[end+1] == '"':
			packed = append(packed, b[from:end+1]...)
			from = end + 2
		default:
			packed = append(packed, b[from:end]...)
			codec.PutLength(packed, head)
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
