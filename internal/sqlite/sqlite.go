package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	sqlite3 "github.com/mattn/go-sqlite3"
)

const (
	defaultReaders = 4
	busyTimeout    = 10_000 // milliseconds a connection waits for another process
	// checkpointPages is how many pages of 4 KiB the write-ahead log may have before
	// a checkpoint moves them into the database: 16 MiB. A checkpoint costs an fsync.
	checkpointPages = 4096
)

// Options are settings of Open.
type Options struct {
	// Readers is the size of the read pool; 0 means 4.
	Readers int
	// Migrations holds files named 0001_what.sql, 0002_what.sql …, applied in
	// order, each in a transaction of its own. user_version counts them.
	Migrations fs.FS
}

// DB is an open file. Statements that finish in microseconds should run under
// context.Background(): the driver starts a goroutine for every call whose
// context can be cancelled.
type DB struct {
	// Writer has a single connection: what runs on it is serialised.
	Writer *sql.DB
	// Readers cannot write. Each query sees the last commit before it began.
	Readers *sql.DB
}

// Open opens or creates the file at path and brings its schema up to date.
func Open(path string, opts Options) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if opts.Readers <= 0 {
		opts.Readers = defaultReaders
	}
	db := &DB{Writer: openPool(abs, 1, writerPragmas), Readers: openPool(abs, opts.Readers, readerPragmas)}
	if err := migrate(db.Writer, opts.Migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, nil
}

// Write runs f in one transaction on the writer. It commits if f returns nil.
func (db *DB) Write(f func(*sql.Tx) error) error {
	tx, err := db.Writer.Begin()
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the cause
		return err
	}
	return tx.Commit()
}

// Close waits for running statements. The last connection checkpoints the write-ahead
// log, so that one plain SQLite file is left.
func (db *DB) Close() error {
	return errors.Join(db.Readers.Close(), db.Writer.Close())
}

var writerPragmas = fmt.Sprintf(`PRAGMA busy_timeout=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
	PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d; PRAGMA temp_store=MEMORY;`,
	busyTimeout, checkpointPages, checkpointPages*4096)

var readerPragmas = fmt.Sprintf(`PRAGMA busy_timeout=%d; PRAGMA query_only=1; PRAGMA temp_store=MEMORY;`, busyTimeout)

func openPool(abs string, size int, pragmas string) *sql.DB {
	uri := (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "_txlock=immediate"}).String()
	db := sql.OpenDB(&connector{uri: uri, driver: &sqlite3.SQLiteDriver{
		ConnectHook: func(c *sqlite3.SQLiteConn) error {
			_, err := c.Exec(pragmas, nil)
			return err
		},
	}})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// connector opens connections for database/sql that have run their pragmas.
type connector struct {
	uri    string
	driver *sqlite3.SQLiteDriver
}

// Connect implements driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.uri) }

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.driver }

// IsDiskFull reports whether err is a write that failed because the disk is full.
func IsDiskFull(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrFull || e.Code == sqlite3.ErrIoErr && e.ExtendedCode == sqlite3.ErrIoErrWrite)
}
