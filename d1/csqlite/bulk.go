package csqlite

/*
#include "bulk.h"
*/
import "C"

import (
	"strconv"
	"time"
	"unsafe"
)

// Row is what one row of InsertMany did.
type Row struct {
	Changes   int64 // rows changed, triggers and foreign key actions included
	LastRowID int64
	Read      int64 // as in Stats
	Written   int64
}

// InsertMany runs s once for each of rows rows, whose parameters are packed one
// after the other, in one call into C. s returns no rows. done is how many rows
// have run: with an error it is the index of the row that failed. each, if not
// nil, has a place for every row. limit bounds the whole call.
func (c *Conn) InsertMany(s *Stmt, packed []byte, rows int, limit time.Duration, each []Row) (done int, err error) {
	if rows == 0 {
		return 0, nil
	}
	var info *C.fl_row
	if each != nil {
		info = (*C.fl_row)(unsafe.Pointer(unsafe.SliceData(each)))
	}
	var n C.int
	rc := C.fl_insert_many(c.c, s.stmt, C.int(s.Params), (*C.uchar)(unsafe.SliceData(packed)), C.int(rows), C.int64_t(limit), info, &n)
	return int(n), c.check(rc)
}

// OpenForeignKeys says that a row of the transaction still lacks the row that
// it refers to, so that a commit would fail.
func (c *Conn) OpenForeignKeys() bool { return C.fl_open_foreign_keys(c.c) != 0 }

// CacheSize sets how many bytes of pages the connection may keep in memory,
// and gives back what it keeps beyond that.
func (c *Conn) CacheSize(bytes int) error {
	err := c.Trusted("PRAGMA cache_size = -" + strconv.Itoa(bytes>>10))
	C.sqlite3_db_release_memory(c.c.db)
	return err
}
