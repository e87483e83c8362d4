package r2

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"flint/r2/driver"
)

// Bucket is a set of objects. Its methods may be called from any goroutine.
type Bucket struct {
	name   string
	store  *Store
	driver driver.Bucket
	class  atomic.Pointer[string] // storage class of objects that name none

	settings  atomic.Pointer[settings]
	notify    atomic.Pointer[[]QueueNotifications] // what Notifications returns; nil for none
	lifecycle lifecycle
	outbox    outbox

	rules    sync.Mutex           // held while settings or declared change
	declared []QueueNotifications // by DeclareNotifications
}

func openBucket(s *Store, name string) (*Bucket, error) {
	ctx := context.Background()
	d, err := s.home.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := d.Info(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket %s: %w", name, err), d.Close())
	}
	b := &Bucket{name: name, store: s, driver: d}
	b.class.Store(&info.StorageClass)
	if err := b.startRules(); err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket %s: %w", name, err), b.close())
	}
	return b, nil
}

// startRules begins what the bucket does by itself.
func (b *Bucket) startRules() error {
	rules, err := b.store.readSettings(b.name)
	if err != nil {
		return err
	}
	b.settings.Store(rules)
	b.rememberRules()
	if err := b.openEvents(); err != nil {
		return err
	}
	return b.restartLifecycle()
}

// close ends what the bucket does by itself, and then its driver.
func (b *Bucket) close() error {
	b.lifecycle.close()
	return errors.Join(b.outbox.close(), b.driver.Close())
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Info describes the bucket.
func (b *Bucket) Info() (BucketInfo, error) { return b.driver.Info(context.Background()) }

// SetStorageClass changes the class of objects that will be put without one.
func (b *Bucket) SetStorageClass(class string) error {
	class, err := driver.StorageClass(class, Standard)
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
	if err := b.driver.Describe(context.Background(), class, location); err != nil {
		return err
	}
	b.class.Store(&class)
	return nil
}

// Usage is how much a bucket holds.
type Usage struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"` // of content
}

// Usage counts the objects of the bucket.
func (b *Bucket) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	for opts := (ListOptions{}); ; {
		l, err := b.List(ctx, opts)
		if err != nil {
			return u, err
		}
		for _, o := range l.Objects {
			u.Objects++
			u.Bytes += o.Size
		}
		if !l.Truncated() {
			return u, nil
		}
		opts.Cursor = l.Cursor
	}
}
