package transfer

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"

	"flint/d1/codec"
	"flint/internal/cferr"
)

// FilePlace is a place in a file: how much of it was read, and what that was.
type FilePlace struct {
	Bytes int64  // before the place
	Line  int    // at the place, from 1
	Sum   uint32 // CRC-32C of what was read
}

// castagnoli is the polynomial of the sums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// UpdateSum adds bytes to a CRC-32C.
func UpdateSum(sum uint32, b []byte) uint32 { return crc32.Update(sum, castagnoli, b) }

// Window is the part of a file that is in memory: what is read, record by
// record, and looked at before it is taken.
type Window struct {
	R    io.Reader
	buf  []byte
	from int // of what is not taken yet
	eof  bool
	at   FilePlace
	left int // characters of the line that were taken
}

// NewWindow begins to read a file at a place.
func NewWindow(r io.Reader) *Window {
	return &Window{R: r, buf: make([]byte, 0, windowBytes), at: FilePlace{Line: 1}}
}

// Rest is what was read and not taken.
func (w *Window) Rest() []byte { return w.buf[w.from:] }

// more reads on. It fails when what is not taken is too large for one record.
func (w *Window) more() error {
	if w.eof {
		return io.ErrUnexpectedEOF
	}
	n := copy(w.buf[:cap(w.buf)], w.buf[w.from:])
	w.buf, w.from = w.buf[:n], 0
	if n > cap(w.buf)/2 {
		if n > MaxImportRowBytes {
			return &PlaceError{Reason: fmt.Sprintf(msgImportRow, MaxImportRowBytes>>20)}
		}
		w.buf = append(make([]byte, 0, 2*cap(w.buf)), w.buf...)
	}
	for range 100 {
		got, err := w.R.Read(w.buf[n:cap(w.buf)])
		w.buf = w.buf[:n+got]
		if err == io.EOF {
			w.eof = true
			return nil
		}
		if err != nil || got > 0 {
			return err
		}
	}
	return io.ErrNoProgress
}

// take marks n bytes as read.
func (w *Window) take(n int) {
	b := w.buf[w.from : w.from+n]
	w.from += n
	w.at.Bytes += int64(n)
	if n := bytes.Count(b, []byte{'\n'}); n > 0 {
		w.at.Line += n
		w.left = utf8.RuneCount(b[bytes.LastIndexByte(b, '\n')+1:])
	} else {
		w.left += utf8.RuneCount(b)
	}
	w.at.Sum = UpdateSum(w.at.Sum, b)
}

// SkipTo takes everything up to a place and checks that it is what was there
// when the place was noted.
func (w *Window) SkipTo(p FilePlace) error {
	for w.at.Bytes < p.Bytes {
		if len(w.Rest()) == 0 {
			if err := w.more(); err != nil || w.eof && len(w.Rest()) == 0 {
				return changedFile(err, p)
			}
		}
		w.take(int(min(int64(len(w.Rest())), p.Bytes-w.at.Bytes)))
	}
	if w.at != p {
		return changedFile(nil, p)
	}
	return nil
}

// peek is the next byte that is not white space, without taking it; 0 at the end.
func (w *Window) peek() (byte, error) {
	for {
		b := w.Rest()
		for i, ch := range b {
			if ch != ' ' && ch != '\t' && ch != '\r' && ch != '\n' {
				w.take(i)
				return ch, nil
			}
		}
		w.take(len(b))
		if w.eof {
			return 0, nil
		}
		if err := w.more(); err != nil {
			return 0, err
		}
	}
}

// skipMark takes the mark that some programs put at the head of UTF-8 text.
func (w *Window) skipMark() error {
	for len(w.Rest()) < 3 && !w.eof {
		if err := w.more(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(w.Rest(), []byte("\uFEFF")) {
		w.take(3)
	}
	return nil
}

// PlaceError says what is wrong at an offset of the record that is being read.
type PlaceError struct {
	offset int
	Reason string
	line   int // if not 0, the line; offset counts for nothing then
}

// Error implements error.
func (e *PlaceError) Error() string { return e.Reason }

// Place gives a placeError its line and column in the file.
func (w *Window) Place(e *PlaceError) (line, column int) {
	if e.line > 0 {
		return e.line, 1
	}
	before := w.Rest()[:min(e.offset, len(w.Rest()))]
	head := bytes.LastIndexByte(before, '\n') + 1
	column = 1 + utf8.RuneCount(before[head:])
	if head == 0 {
		column += w.left
	}
	return w.at.Line + bytes.Count(before, []byte{'\n'}), column
}

// changedFile says that a file is not the one of which a part was imported.
func changedFile(err error, p FilePlace) error {
	if err != nil && err != io.ErrUnexpectedEOF {
		return err
	}
	return cferr.Newf(409, codec.CodeSQL, msgImportChanged, p.Bytes)
}
