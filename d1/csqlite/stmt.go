package csqlite

/*
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// Stmt is a prepared statement of one connection.
type Stmt struct {
	ReadOnly    bool
	Params      int
	Columns     []string
	Seen        Seen
	Transaction string // BEGIN, COMMIT or ROLLBACK, for such a statement
	Explain     bool   // an EXPLAIN of some kind
	Extra       any    // what the caller wants to keep with the statement, dropped when its columns change

	stmt       *C.sqlite3_stmt
	sql        string
	cached     bool
	reprepared C.int
}

// Form is how Run hands rows over.
type Form int

// Forms.
const (
	Packed Form = C.FL_PACKED // values, one after the other
	JSON   Form = C.FL_JSON   // an array for each row, commas between them
)

// JSONReal begins a number in rows as JSON, where Go is to write it: the eight
// bytes of a float64 follow, as in memory. No other byte of JSON is this one.
const JSONReal = C.FL_JSON_REAL

// Rows takes the rows of a run, a piece of them at a time. data is valid during
// the call; reals is the number of JSONReal in it. An error ends the run.
type Rows interface {
	Rows(s *Stmt, data []byte, n, reals int) error
}

// Stats are the figures of a run.
type Stats struct {
	Changes   int64 // rows changed, triggers and foreign key actions included
	LastRowID int64
	Read      int64 // rows that cursors were placed on
	Written   int64 // table rows and index entries
	Pages     int64 // of the database, after a write; 0 where nothing was written
	Free      int64 // free pages among them
}

// Prepare compiles the first statement of sql, from the cache when it can. It
// returns nil for text without a statement, and the offset of what follows.
// The text counts as a whole against SQLite's limit of length.
func (c *Conn) Prepare(sql string) (stmt *Stmt, tail int, err error) {
	if s := c.cache.get(sql); s != nil {
		return s, len(sql), nil
	}
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	s, tail, err := c.prepare(text, C.int(len(sql)), C.SQLITE_PREPARE_PERSISTENT)
	if err != nil || s == nil {
		return nil, tail, err
	}
	s.sql = sql
	if len(sql) <= maxCachedSQL && SkipSpace(sql, tail) == len(sql) && s.Seen&(SeenSchema|SeenPragma) == 0 {
		c.cache.put(s)
	}
	return s, tail, nil
}

func (c *Conn) prepare(text *C.char, n, flags C.int) (*Stmt, int, error) {
	var p C.fl_prepared
	c.c.timed_out = 0
	if rc := C.fl_prepare(c.c, text, n, flags, &p); rc != 0 {
		return nil, int(p.tail), c.failure(rc)
	}
	if p.stmt == nil {
		return nil, int(p.tail), nil
	}
	s := &Stmt{
		ReadOnly: p.readonly != 0, Params: int(p.params), Explain: p.explain != 0,
		Seen: Seen(p.seen), stmt: p.stmt,
	}
	if s.Seen&SeenTransaction != 0 {
		s.Transaction = C.GoString(&c.c.transaction[0])
	}
	s.names()
	return s, int(p.tail), nil
}

// names reads the column names of s.
func (s *Stmt) names() {
	s.Columns, s.Extra = nil, nil
	for i := range int(C.sqlite3_column_count(s.stmt)) {
		s.Columns = append(s.Columns, C.GoString(C.sqlite3_column_name(s.stmt, C.int(i))))
	}
}

// Release finalizes a statement that the cache does not keep.
func (c *Conn) Release(s *Stmt) {
	if s != nil && !s.cached {
		C.sqlite3_finalize(s.stmt)
	}
}

// out is what the last call wrote; it is valid until the next call.
func (c *Conn) out() []byte {
	if c.c.out_len == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(c.c.out)), int(c.c.out_len))
}

// ParamBuffer gives n bytes for the packed parameters of the next Run. It
// returns nil without memory.
func (c *Conn) ParamBuffer(n int) []byte {
	p := unsafe.Pointer(c.c.in)
	if C.size_t(n) > c.c.in_cap || p == nil {
		if p = C.fl_params(c.c, C.size_t(max(n, 1))); p == nil {
			return nil
		}
	}
	return unsafe.Slice((*byte)(p), max(n, 1))[:n]
}

// Run binds the parameters packed in ParamBuffer and steps s to its end, the
// rows going to out. limit, if above zero, stops the run after that time.
func (c *Conn) Run(s *Stmt, limit time.Duration, form Form, out Rows) (Stats, error) {
	rc := C.fl_run(c.c, s.stmt, C.int(s.Params), C.int64_t(limit), C.int(form))
	st := &c.c.stats
	if st.reprepared != s.reprepared { // the schema changed, and * may mean more
		s.reprepared = st.reprepared
		s.names()
	}
	for {
		if st.rows > 0 {
			if err := out.Rows(s, c.out(), int(st.rows), int(st.reals)); err != nil {
				if rc == C.SQLITE_ROW {
					C.fl_stop(c.c, s.stmt)
				}
				return Stats{}, err
			}
		}
		if rc != C.SQLITE_ROW {
			break
		}
		rc = C.fl_more(c.c, s.stmt, C.int(form))
	}
	if rc != C.SQLITE_DONE {
		return Stats{}, c.failure(rc)
	}
	return Stats{
		Changes: int64(st.changes), LastRowID: int64(st.last_row_id),
		Read: int64(st.read), Written: int64(st.written), Pages: int64(st.pages), Free: int64(st.freelist),
	}, nil
}
