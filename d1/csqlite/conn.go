package csqlite

/*
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Options say how a connection is opened.
type Options struct {
	ReadOnly bool
	Busy     time.Duration // how long to wait for a lock that another process holds
	Limits   map[int]int   // by SQLITE_LIMIT_ number
	Policy   *Policy
	Cache    int // statements kept prepared
}

// Conn is one connection. It is not safe for concurrent use.
type Conn struct {
	c     *C.fl_conn
	cache cache
}

// Open opens the database file at path, creating it unless read-only.
func Open(path string, o Options) (*Conn, error) {
	if err := CheckBuild(); err != nil {
		return nil, err
	}
	var opts C.fl_options
	for i := range opts.limit {
		opts.limit[i] = -1
	}
	for i, v := range o.Limits {
		opts.limit[i] = C.int(v)
	}
	if o.ReadOnly {
		opts.readonly = 1
	}
	opts.busy_ns = C.int64_t(o.Busy)
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	c := &Conn{}
	rc := C.fl_open(name, &opts, o.Policy.c, &c.c)
	if rc != 0 {
		err := c.failure(rc)
		if c.c != nil {
			C.fl_close(c.c)
		}
		return nil, err
	}
	c.cache.init(max(o.Cache, 1))
	return c, nil
}

// Close finalizes all statements and closes the connection.
func (c *Conn) Close() error {
	c.cache.clear()
	if rc := C.fl_close(c.c); rc != 0 {
		return &Error{Code: int(rc), Extended: int(rc), Offset: -1, Message: "closing the database failed"}
	}
	return nil
}

// failure takes the error that the C side captured.
func (c *Conn) failure(rc C.int) *Error {
	if c.c == nil || c.c.db == nil {
		return &Error{Code: int(rc), Extended: int(rc), Offset: -1, Message: "out of memory"}
	}
	e := &Error{
		Code: int(rc), Extended: int(c.c.extended), Offset: int(c.c.offset),
		TimedOut: c.c.timed_out != 0, TooLarge: rc == C.FL_TOO_LARGE, Seen: Seen(c.c.seen),
	}
	if c.c.message != nil {
		e.Message = C.GoString(c.c.message)
	}
	return e
}

// Watch cancels what the connection runs, or is about to run, when ctx ends.
// The returned function ends the watch; after it no cancellation is on its way.
func (c *Conn) Watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	gone := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		C.fl_cancel(c.c, 1)
		close(gone)
	})
	return func() {
		if !cancel() {
			<-gone
			C.fl_cancel(c.c, 0)
		}
	}
}

// Busy sets how long to wait for a lock that another process holds.
func (c *Conn) Busy(d time.Duration) { c.c.busy_ns = C.int64_t(d) }

// Trusted runs SQL of flint's own, past the authorizer.
func (c *Conn) Trusted(sql string) error {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	return c.check(C.fl_trusted(c.c, text))
}

// TrustedInt runs SQL of flint's own and returns the first column of its first
// row, 0 without one.
func (c *Conn) TrustedInt(sql string) (int64, error) {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	var v C.int64_t
	rc := C.fl_trusted_int(c.c, text, &v)
	return int64(v), c.check(rc)
}

func (c *Conn) check(rc C.int) error {
	if rc == 0 {
		return nil
	}
	return c.failure(rc)
}

// Begin opens a transaction; one that writes takes the write lock at once.
func (c *Conn) Begin(write bool) error {
	w := C.int(0)
	if write {
		w = 1
	}
	return c.check(C.fl_begin(c.c, w))
}

// Commit commits. After an error the transaction is still open.
func (c *Conn) Commit() error { return c.check(C.fl_commit(c.c)) }

// Rollback gives up the transaction, if one is still open.
func (c *Conn) Rollback() error { return c.check(C.fl_rollback(c.c)) }

// Pages counts the pages of the database and those of them that are free.
func (c *Conn) Pages() (pages, free int64, err error) {
	var p, f C.int64_t
	rc := C.fl_pages(c.c, &p, &f)
	return int64(p), int64(f), c.check(rc)
}

// Checkpoint moves the whole write-ahead log into the database file, unless
// another process reads it, and flushes the file to the disk.
func (c *Conn) Checkpoint() error { return c.check(C.fl_checkpoint(c.c)) }

// Shrink gives buffers back that have grown beyond keep bytes.
func (c *Conn) Shrink(keep int) {
	if max(c.c.out_cap, c.c.in_cap) > C.size_t(keep) {
		C.fl_shrink(c.c)
	}
}

// Script makes BEGIN and COMMIT prepare without error, so that a script which
// brings its own can be read. They must not be run.
func (c *Conn) Script(on bool) {
	c.c.script = 0
	if on {
		c.c.script = 1
	}
}
