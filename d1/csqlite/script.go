package csqlite

/*
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"strings"
	"unsafe"
)

// SkipSpace is the offset of the first byte of sql at or after from that is
// not white space.
func SkipSpace(sql string, from int) int {
	for from < len(sql) && strings.IndexByte(" \t\n\r\v\f", sql[from]) >= 0 {
		from++
	}
	return from
}

// Script reads SQL text statement by statement, split where SQLite's own
// parser ends each. The limit of length holds for each statement alone.
type Script struct {
	conn *Conn
	text *C.char
	sql  string
	next int // offset of what is not read yet
	from int // offset of the statement read last
}

// OpenScript starts reading sql on c. A NUL byte ends the text.
func (c *Conn) OpenScript(sql string) *Script {
	if end := strings.IndexByte(sql, 0); end >= 0 {
		sql = sql[:end]
	}
	return &Script{conn: c, text: C.CString(sql), sql: sql}
}

// Next prepares the next statement, or returns nil at the end of the text. The
// caller releases it. Next sees what the statements before it have done, so
// they must have run by then.
func (s *Script) Next() (*Stmt, error) {
	for {
		s.from = SkipSpace(s.sql, s.next)
		for s.from < len(s.sql) && s.sql[s.from] == ';' {
			s.from = SkipSpace(s.sql, s.from+1)
		}
		if s.from == len(s.sql) {
			return nil, nil
		}
		at := (*C.char)(unsafe.Add(unsafe.Pointer(s.text), s.from))
		stmt, tail, err := s.conn.prepare(at, -1, 0)
		if err != nil {
			return nil, err
		}
		s.next = s.from + tail
		if stmt == nil && tail > 0 {
			continue // a comment
		}
		return stmt, nil
	}
}

// Where is the offset of the statement that Next read or failed to read last.
func (s *Script) Where() int { return s.from }

// Statement is the text of the statement read last; where it could not be
// read, the text up to the first semicolon that ends a statement.
func (s *Script) Statement() string {
	if s.next > s.from {
		return s.sql[s.from:s.next]
	}
	return FirstStatement(s.sql[s.from:])
}

// FirstStatement is the text up to the first semicolon that ends a statement.
func FirstStatement(text string) string {
	for at := 0; ; {
		i := strings.IndexByte(text[at:], ';')
		if i < 0 {
			return text
		}
		at += i + 1
		if Complete(text[:at]) {
			return text[:at]
		}
	}
}

// Close frees the text.
func (s *Script) Close() { C.free(unsafe.Pointer(s.text)) }
