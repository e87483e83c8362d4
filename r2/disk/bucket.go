package disk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"flint/internal/sqlite"
	"flint/internal/wal"
	"flint/r2/driver"
)

// Bucket is the default driver: metadata and small objects in SQLite, before
// it a journal of puts, and larger content in files.
type Bucket struct {
	name    string
	dir     string
	env     *driver.Env
	db      *sqlite.DB
	stmts   *statements
	blobs   *blobs
	journal *wal.Log // of puts
	recent  *recent

	// write makes "look at the old row, then write the new one" one step.
	write   sync.Mutex
	retired bool // deleted: nothing may be written any more
}

func openBucket(env *driver.Env, dir, name string) (*Bucket, error) {
	b := &Bucket{name: name, dir: dir, env: env, recent: newRecent()}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if b.db, err = sqlite.Open(filepath.Join(b.dir, metaFile), sqlite.Options{Migrations: migrations}); err != nil {
		return nil, err
	}
	if err := b.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket %s: %w", name, err), b.closeFiles())
	}
	return b, nil
}

// start prepares an open file for use: statements, the bucket's own row, and
// the rests of a crash.
func (b *Bucket) start() error {
	var err error
	if b.stmts, err = prepare(b.db); err != nil {
		return err
	}
	if err := b.openJournal(); err != nil {
		return err
	}
	now := b.env.Clock.Now()
	if _, err := b.db.Writer.Exec("INSERT OR IGNORE INTO bucket VALUES (1, ?, ?, '')", now.UnixMilli(), driver.Standard); err != nil {
		return err
	}
	if b.blobs, err = openBlobs(filepath.Join(b.dir, "blobs")); err != nil {
		return err
	}
	if err := b.dropFinished(now); err != nil {
		return err
	}
	return b.sweep()
}

// sweep removes the blobs that no row names, after a run that did not close.
func (b *Bucket) sweep() error {
	if !b.blobs.dirty.Load() {
		return nil
	}
	named, err := b.namedBlobs()
	if err != nil {
		return err
	}
	removed, missing, err := b.blobs.sweep(named)
	if removed > 0 {
		b.env.Log.Info("r2: removed blobs that an earlier run left behind", "bucket", b.name, "blobs", removed)
	}
	if missing > 0 {
		b.env.Log.Error("r2: objects have lost their content", "bucket", b.name, "blobs", missing)
	}
	return err
}

// Info implements driver.Bucket.
func (b *Bucket) Info(context.Context) (driver.BucketInfo, error) {
	info := driver.BucketInfo{Name: b.name}
	var created int64
	err := b.db.Readers.QueryRow("SELECT created, storage_class, location FROM bucket").Scan(&created, &info.StorageClass, &info.Location)
	info.Created = time.UnixMilli(created).UTC()
	return info, err
}

// Describe implements driver.Bucket.
func (b *Bucket) Describe(_ context.Context, class, location string) error {
	_, err := b.db.Writer.Exec("UPDATE bucket SET storage_class = ?, location = ?", class, location)
	return err
}

// Retire implements driver.Bucket.
func (b *Bucket) Retire(context.Context) error {
	b.write.Lock()
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return err
	}
	var one int
	err := b.db.Writer.QueryRow("SELECT 1 FROM objects LIMIT 1").Scan(&one)
	if err == nil {
		return driver.ErrBucketNotEmpty
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	b.retired = true
	return errors.Join(b.closeFiles(), b.blobs.close())
}

// lock begins a step of writing.
func (b *Bucket) lock() error {
	b.write.Lock()
	if b.retired {
		b.write.Unlock()
		return driver.ErrNoSuchBucket
	}
	return nil
}

// discard removes blobs that no row names any more. What cannot be removed now
// is found by the next sweep.
func (b *Bucket) discard(ids []string) {
	for _, id := range ids {
		if err := b.blobs.remove(id); err != nil {
			b.env.Log.Error("r2: cannot remove a blob", "bucket", b.name, "error", err)
		}
	}
}

// Close implements driver.Bucket.
func (b *Bucket) Close() error {
	b.write.Lock()
	defer b.write.Unlock()
	return errors.Join(b.settle(), b.closeFiles(), b.blobs.close())
}

// closeFiles closes what start has opened of journal and tables.
func (b *Bucket) closeFiles() error {
	var err error
	if b.journal != nil {
		err = b.journal.Close()
	}
	if b.stmts != nil {
		err = errors.Join(err, b.stmts.close())
	}
	return errors.Join(err, b.db.Close())
}
