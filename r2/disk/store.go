package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"flint/r2/driver"
)

const (
	metaFile      = "meta.sqlite"
	deletedPrefix = ".deleted-" // no bucket name starts with a dot
)

// store is the backend of Bucket: a folder for each bucket.
type store struct {
	dir string
	env *driver.Env
}

// Open opens the folder in which the folders of the buckets are.
func Open(dir string, env *driver.Env) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &store{dir, env}
	return d, d.removeDeleted()
}

// removeDeleted finishes deletions of buckets that a crash cut short.
func (d *store) removeDeleted() error {
	left, err := filepath.Glob(filepath.Join(d.dir, deletedPrefix+"*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

func (d *store) Exists(_ context.Context, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(d.dir, name, metaFile))
	return err == nil, nil
}

func (d *store) Open(_ context.Context, name string) (driver.Bucket, error) {
	return openBucket(d.env, filepath.Join(d.dir, name), name)
}

func (d *store) Names(ctx context.Context) ([]string, error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if exists, _ := d.Exists(ctx, e.Name()); exists && driver.ValidBucketName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (d *store) Drop(_ context.Context, name string) error {
	gone := filepath.Join(d.dir, deletedPrefix+d.env.NewID(8))
	if err := os.Rename(filepath.Join(d.dir, name), gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

func (d *store) Ping(context.Context) error { return nil }

func (d *store) Close() error { return nil }
