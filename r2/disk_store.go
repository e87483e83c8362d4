package r2

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

const (
	metaFile      = "meta.sqlite"
	deletedPrefix = ".deleted-" // no bucket name starts with a dot
)

// diskStore is the backend of diskBucket: a folder for each bucket.
type diskStore struct {
	dir   string
	store *Store
}

func openDisk(dir string, s *Store) (*diskStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &diskStore{dir, s}
	return d, d.removeDeleted()
}

// removeDeleted finishes deletions of buckets that a crash cut short.
func (d *diskStore) removeDeleted() error {
	left, err := filepath.Glob(filepath.Join(d.dir, deletedPrefix+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

func (d *diskStore) exists(_ context.Context, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(d.dir, name, metaFile))
	return err == nil, nil
}

func (d *diskStore) open(_ context.Context, name string) (driver, error) {
	return openDiskBucket(d.store, filepath.Join(d.dir, name), name)
}

func (d *diskStore) names(ctx context.Context) ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if exists, _ := d.exists(ctx, e.Name()); exists && validBucketName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (d *diskStore) drop(_ context.Context, name string) error {
	gone := filepath.Join(d.dir, deletedPrefix+d.store.newID(8))
	if err := os.Rename(filepath.Join(d.dir, name), gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

func (d *diskStore) ping(context.Context) error { return nil }

func (d *diskStore) close() error { return nil }
