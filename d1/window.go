package d1

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf8"
)

// filePlace is a place in a file: how much of it was read, and what that was.
type filePlace struct {
	bytes int64  // before the place
	line  int    // at the place, from 1
	sum   uint32 // CRC-32C of what was read
}

func updateSum(sum uint32, b []byte) uint32 { return crc32.Update(sum, castagnoli, b) }

// window is the part of a file that is in memory: what is read, record by
// record, and looked at before it is taken.
type window struct {
	r    io.Reader
	buf  []byte
	from int // of what is not taken yet
	eof  bool
	at   filePlace
	left int // characters of the line that were taken
}

func newWindow(r io.Reader) *window {
	return &window{r: r, buf: make([]byte, 0, windowBytes), at: filePlace{line: 1}}
}

// rest is what was read and not taken.
func (w *window) rest() []byte { return w.buf[w.from:] }

// more reads on. It fails when what is not taken is too large for one record.
func (w *window) more() error {
	if w.eof {
		return io.ErrUnexpectedEOF
	}
	n := copy(w.buf[:cap(w.buf)], w.buf[w.from:])
	w.buf, w.from = w.buf[:n], 0
	if n > cap(w.buf)/2 {
		if n > MaxImportRowBytes {
			return &placeError{why: fmt.Sprintf(msgImportRow, MaxImportRowBytes>>20)}
		}
		w.buf = append(make([]byte, 0, 2*cap(w.buf)), w.buf...)
	}
	for range 100 {
		got, err := w.r.Read(w.buf[n:cap(w.buf)])
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
func (w *window) take(n int) {
	b := w.buf[w.from : w.from+n]
	w.from += n
	w.at.bytes += int64(n)
	if n := bytes.Count(b, []byte{'\n'}); n > 0 {
		w.at.line += n
		w.left = utf8.RuneCount(b[bytes.LastIndexByte(b, '\n')+1:])
	} else {
		w.left += utf8.RuneCount(b)
	}
	w.at.sum = updateSum(w.at.sum, b)
}

// skipTo takes everything up to a place and checks that it is what was there
// when the place was noted.
func (w *window) skipTo(p filePlace) error {
	for w.at.bytes < p.bytes {
		if len(w.rest()) == 0 {
			if err := w.more(); err != nil || w.eof && len(w.rest()) == 0 {
				return changedFile(err, p)
			}
		}
		w.take(int(min(int64(len(w.rest())), p.bytes-w.at.bytes)))
	}
	if w.at != p {
		return changedFile(nil, p)
	}
	return nil
}

// peek is the next byte that is not white space, without taking it; 0 at the end.
func (w *window) peek() (byte, error) {
	for {
		b := w.rest()
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
func (w *window) skipMark() error {
	for len(w.rest()) < 3 && !w.eof {
		if err := w.more(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(w.rest(), []byte("\uFEFF")) {
		w.take(3)
	}
	return nil
}

// placeError says what is wrong at an offset of the record that is being read.
type placeError struct {
	offset int
	why    string
	line   int // if not 0, the line; offset counts for nothing then
}

// Error implements error.
func (e *placeError) Error() string { return e.why }

// place gives a placeError its line and column in the file.
func (w *window) place(e *placeError) (line, column int) {
	if e.line > 0 {
		return e.line, 1
	}
	before := w.rest()[:min(e.offset, len(w.rest()))]
	head := bytes.LastIndexByte(before, '\n') + 1
	column = 1 + utf8.RuneCount(before[head:])
	if head == 0 {
		column += w.left
	}
	return w.at.line + bytes.Count(before, []byte{'\n'}), column
}
