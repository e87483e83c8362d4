package csqlite

/*
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"bytes"
	"errors"
	"io"
	"unsafe"
)

// ErrNUL says that a script holds a NUL byte, at which SQLite would stop to read.
var ErrNUL = errors.New("the text holds a NUL byte: it is not SQL")

// ScriptReader reads SQL text statement by statement from a stream, split where
// SQLite's own parser ends each, with a small part of the text in memory.
type ScriptReader struct {
	conn *Conn
	r    io.Reader
	buf  []byte // in C: SQLite reads it; a NUL follows what was read
	from int    // of what is not taken
	to   int    // end of what was read
	need int    // as much as a statement can have, and a byte more
	eof  bool
}

// readerBytes are kept of a script that is read in pieces.
const readerBytes = 1 << 20

// ReadScript starts reading a script on c, whose statements have at most limit
// bytes each.
func (c *Conn) ReadScript(r io.Reader, limit int) *ScriptReader {
	size := max(readerBytes, 4*limit)
	return &ScriptReader{conn: c, r: r, need: limit + 1, buf: unsafe.Slice((*byte)(C.malloc(C.size_t(size))), size)}
}

// Close frees the memory.
func (s *ScriptReader) Close() { C.free(unsafe.Pointer(unsafe.SliceData(s.buf))) }

// Text is what comes next, as much as a statement can have unless the script
// ends before. It is valid until the next call of Text.
func (s *ScriptReader) Text() ([]byte, error) {
	for s.to-s.from < s.need && !s.eof {
		if s.from > 0 && len(s.buf)-1-s.to < s.need {
			s.to = copy(s.buf, s.buf[s.from:s.to])
			s.from = 0
		}
		n, err := s.r.Read(s.buf[s.to : len(s.buf)-1])
		if bytes.IndexByte(s.buf[s.to:s.to+n], 0) >= 0 {
			return nil, ErrNUL
		}
		s.to += n
		if s.eof = err == io.EOF; err != nil && !s.eof {
			return nil, err
		}
	}
	s.buf[s.to] = 0
	return s.buf[s.from:s.to], nil
}

// Ended says that Text reaches to the end of the script.
func (s *ScriptReader) Ended() bool { return s.eof }

// Take moves on by n bytes.
func (s *ScriptReader) Take(n int) { s.from += n }

// Prepare compiles the statement at the head of what Text returned last and
// tells its length. It returns nil for a comment. The caller releases it.
func (s *ScriptReader) Prepare() (*Stmt, int, error) {
	stmt, tail, err := s.conn.prepare((*C.char)(unsafe.Pointer(&s.buf[s.from])), -1, 0)
	if err != nil || stmt == nil {
		return nil, tail, err
	}
	stmt.sql = "" // never one of the cache
	return stmt, tail, nil
}
