package d1

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/d1/history"
	"flint/internal/cferr"
)

// Database is one D1 database: a plain SQLite file in WAL mode. It is safe for
// concurrent use. Writes go one after the other, in the order in which they
// come; reads run beside them.
//
// A write that was acknowledged survives the end of the process at any moment
// (not a power cut: the file is flushed to the disk when it is closed).
type Database struct {
	id, path string
	pageSize int64
	limit    time.Duration // of one statement

	turn    chan struct{} // holds one token: the right to use writer
	writer  *csqlite.Conn
	waiting atomic.Int64

	slots   chan struct{} // a token for every reader that may be in use
	readers struct {
		sync.Mutex
		idle []*csqlite.Conn // the latest last
	}
	closed chan struct{}

	size    atomic.Int64 // bytes in use after the last write
	lastRow atomic.Int64 // last_insert_rowid of the writer
	created time.Time
	epoch   uint32 // times that the file was opened
	history *history.History
	writes  writeStatements
}

func openDatabase(id, path string, o Options) (*Database, error) {
	w, err := csqlite.Open(path, connOptions(false))
	if err != nil {
		return nil, err
	}
	db := &Database{
		id: id, path: path, writer: w, limit: MaxQueryTime,
		turn:   make(chan struct{}, 1),
		slots:  make(chan struct{}, readConnections),
		closed: make(chan struct{}),
	}
	before, err := db.prepareFile(o.Clock.Now())
	if err == nil {
		db.history, err = history.Open(history.Options{
			Path: path, Writer: w, Epoch: db.epoch, Clock: o.Clock, Log: o.Log, Conn: connOptions(false),
			MaxBytes: o.HistoryBytes, CheckpointFrames: o.checkpointFrames, MinChainBytes: o.minChainBytes, BaseGate: o.baseGate,
		}, before)
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	db.turn <- struct{}{}
	for range readConnections {
		db.slots <- struct{}{}
	}
	return db, nil
}

func connOptions(readOnly bool) csqlite.Options {
	return csqlite.Options{
		ReadOnly: readOnly, Busy: MaxQueryTime, Limits: sqliteLimits, Policy: policy, Cache: cachedStatements,
	}
}

// measure learns the size of the database from the writer.
func (db *Database) measure() error {
	pages, free, err := db.writer.Pages()
	if err == nil {
		db.size.Store((pages - free) * db.pageSize)
	}
	return err
}

// ID is the id of the database.
func (db *Database) ID() string { return db.id }

// Path is the database's file.
func (db *Database) Path() string { return db.path }

// Created is when the file was made.
func (db *Database) Created() time.Time { return db.created }

// Size is the size of the database in bytes after the last write, without
// free pages.
func (db *Database) Size() int64 { return db.size.Load() }

// Bookmark names the latest state of the database that flint knows of: later
// states have bookmarks that sort later, in this run and in all that follow.
func (db *Database) Bookmark() string { return db.history.Newest.Load().String() }

// lockWriter waits for the connection that writes.
func (db *Database) lockWriter(ctx context.Context) error {
	select {
	case <-db.turn:
		return db.stillOpen(db.turn)
	default:
	}
	if db.waiting.Add(1) > maxQueuedWrites {
		db.waiting.Add(-1)
		return cferr.New(429, codec.CodeSQL, msgQueueFull)
	}
	defer db.waiting.Add(-1)
	select {
	case <-db.turn:
		return db.stillOpen(db.turn)
	case <-db.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *Database) unlockWriter() { db.turn <- struct{}{} }

// stillOpen gives a token back when the database was closed meanwhile.
func (db *Database) stillOpen(tokens chan struct{}) error {
	select {
	case <-db.closed:
		tokens <- struct{}{}
		return errClosed
	default:
		return nil
	}
}

// acquireReader takes a connection that reads. If all are busy, it waits for one
// or returns nil.
func (db *Database) acquireReader(ctx context.Context, wait bool) (*csqlite.Conn, error) {
	select {
	case <-db.slots:
	default:
		if !wait {
			return nil, nil
		}
		select {
		case <-db.slots:
		case <-db.closed:
			return nil, errClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := db.stillOpen(db.slots); err != nil {
		return nil, err
	}
	if c := db.idleReader(); c != nil {
		return c, nil
	}
	c, err := csqlite.Open(db.path, connOptions(true))
	if err != nil {
		db.slots <- struct{}{}
		return nil, err
	}
	return c, nil
}

func (db *Database) idleReader() *csqlite.Conn {
	db.readers.Lock()
	defer db.readers.Unlock()
	n := len(db.readers.idle)
	if n == 0 {
		return nil
	}
	c := db.readers.idle[n-1]
	db.readers.idle = db.readers.idle[:n-1]
	return c
}

func (db *Database) returnReader(c *csqlite.Conn) {
	c.Shrink(keepBuffer)
	db.readers.Lock()
	db.readers.idle = append(db.readers.idle, c)
	db.readers.Unlock()
	db.slots <- struct{}{}
}

// close waits for every connection to be free and closes it. The last step
// moves the log into the file.
func (db *Database) close() error {
	close(db.closed)
	for range readConnections {
		<-db.slots
	}
	<-db.turn
	var errs []error
	for c := db.idleReader(); c != nil; c = db.idleReader() {
		errs = append(errs, c.Close())
	}
	errs = append(errs, db.history.Close(), db.writer.Checkpoint())
	return errors.Join(append(errs, db.writer.Close())...)
}

// writeStatements remembers SQL texts that only the writer can run, so that they go
// there at once. It forgets everything when it is full.
type writeStatements struct {
	mu  sync.RWMutex
	set map[string]struct{}
}

func (k *writeStatements) has(sql string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, ok := k.set[sql]
	return ok
}

func (k *writeStatements) add(sql string) {
	if len(sql) > keepBuffer/64 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set == nil || len(k.set) >= maxKnownWrites {
		k.set = map[string]struct{}{}
	}
	k.set[sql] = struct{}{}
}
