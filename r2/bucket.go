package r2

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Bucket is a set of objects. Its methods may be called from any goroutine.
type Bucket struct {
	name   string
	store  *Store
	driver driver
	class  atomic.Pointer[string] // storage class of objects that name none
}

func openBucket(s *Store, name string) (*Bucket, error) {
	ctx := context.Background()
	d, err := s.home.open(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := d.info(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket %s: %w", name, err), d.close())
	}
	b := &Bucket{name: name, store: s, driver: d}
	b.class.Store(&info.StorageClass)
	return b, nil
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Info describes the bucket.
func (b *Bucket) Info() (BucketInfo, error) { return b.driver.info(context.Background()) }

// SetStorageClass changes the class of objects that will be put without one.
func (b *Bucket) SetStorageClass(class string) error {
	class, err := storageClass(class, Standard)
	if err != nil {
		return err
	}
	info, err := b.Info()
	if err != nil {
		return err
	}
	return b.describe(class, info.Location)
}

func (b *Bucket) describe(class, location string) error {
	if err := b.driver.describe(context.Background(), class, location); err != nil {
		return err
	}
	b.class.Store(&class)
	return nil
}
