package csqlite

/*
#include "flint_wal.h"
#include <stdlib.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// WAL is where the write-ahead log of a database stands.
// https://www.sqlite.org/walformat.html
type WAL struct {
	Salt       [8]byte   // of the log; it changes when the log begins anew
	Frames     uint32    // committed frames in the log
	Pages      uint32    // pages of the database after them
	Sum        [2]uint32 // running checksum, after the last frame
	Backfilled uint32    // frames that are in the database file
	Attempted  uint32    // frames that may be
	PageSize   int       // bytes
	BigEndian  bool      // how checksums are made
}

// WAL tells where the log stands, commits of other processes included. The
// connection must have read the database before.
func (c *Conn) WAL() (WAL, error) {
	var w C.fl_wal
	if rc := C.fl_wal_state(c.c, &w); rc != 0 {
		return WAL{}, &Error{Code: int(rc), Extended: int(rc), Offset: -1, Message: "the index of the write-ahead log cannot be read"}
	}
	return WAL{
		Salt: *(*[8]byte)(unsafe.Pointer(&w.salt)), Frames: uint32(w.frames), Pages: uint32(w.pages),
		Sum:        [2]uint32{uint32(w.sum[0]), uint32(w.sum[1])},
		Backfilled: uint32(w.backfilled), Attempted: uint32(w.attempted),
		PageSize: int(w.page_size), BigEndian: w.big_endian != 0,
	}, nil
}

// ReadFile fills p from the database file as it is, without the log. What lies
// behind the end of the file is zero.
func (c *Conn) ReadFile(p []byte, offset int64) error {
	if rc := C.fl_file_read(c.c, unsafe.Pointer(unsafe.SliceData(p)), C.int(len(p)), C.int64_t(offset)); rc != 0 {
		return &Error{Code: int(rc) & 255, Extended: int(rc), Offset: -1, Message: "the database file cannot be read"}
	}
	return nil
}

// FileSize is the size of the database file in bytes, without the log.
func (c *Conn) FileSize() (int64, error) {
	var n C.int64_t
	if rc := C.fl_file_size(c.c, &n); rc != 0 {
		return 0, &Error{Code: int(rc) & 255, Extended: int(rc), Offset: -1, Message: "the size of the database file cannot be read"}
	}
	return int64(n), nil
}

// Backfill moves what it can of the log into the database file, without
// waiting for readers, and says whether that was all of it.
func (c *Conn) Backfill() (all bool, err error) {
	var frames, done C.int
	rc := C.fl_backfill(c.c, &frames, &done)
	return rc == 0 && frames == done, c.check(rc)
}

// Drain waits at most so long for those who read a log that is in the file
// already: once they are gone the next write begins the log anew.
func (c *Conn) Drain(wait time.Duration) error {
	return c.check(C.fl_drain(c.c, C.int(wait/time.Millisecond)))
}

// CopyIn replaces the whole database by the one in the file at path, as one
// transaction. The page sizes must be the same.
func (c *Conn) CopyIn(path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return c.check(C.fl_copy_in(c.c, name))
}

// CopyOut writes the state that the connection sees to a new file at path.
func (c *Conn) CopyOut(path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return c.check(C.fl_copy_out(c.c, name))
}
