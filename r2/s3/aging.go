package s3

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"flint/internal/clock"
	"flint/r2/driver"
)

// What lifecycle rules need. A store has rules of its own, but on its own clock,
// and tells no queue; so flint lists what is there when something is due.

// Age does nothing: S3 finds objects by their names only.
func (b *bucket) Age(context.Context, bool) error { return nil }

func (b *bucket) Oldest(ctx context.Context, prefix, class string, after driver.Mark, until int64, limit int) ([]*driver.Object, error) {
	var found []*driver.Object
	trim := func() {
		slices.SortFunc(found, func(x, y *driver.Object) int { return markOf(x).Compare(markOf(y)) })
		found = found[:min(len(found), limit)]
	}
	p := &driver.Page{Opts: driver.ListOptions{Prefix: prefix}, Limit: driver.MaxListKeys}
	for {
		if err := b.List(ctx, p); err != nil {
			return nil, err
		}
		for _, o := range p.Out.Objects {
			m := markOf(o)
			if m.Compare(after) > 0 && m.Millis <= until && (class == "" || o.StorageClass == class) {
				found = append(found, &driver.Object{Key: o.Key, Version: o.Version, Uploaded: o.Uploaded, StorageClass: o.StorageClass})
			}
		}
		if len(found) > 2*driver.LifecycleBatch {
			trim()
		}
		if p.Out.Cursor == "" {
			trim()
			return found, nil
		}
		p = &driver.Page{Opts: p.Opts, Limit: driver.MaxListKeys, After: p.After, Any: true}
	}
}

func markOf(o *driver.Object) driver.Mark {
	return driver.Mark{Millis: o.Uploaded.UnixMilli(), Key: o.Key}
}

// RemoveThese looks at each object before it goes: S3 has no condition for a delete.
func (b *bucket) RemoveThese(ctx context.Context, objects []*driver.Object) ([]*driver.Object, error) {
	gone := make([]*driver.Object, len(objects))
	err := eachObject(ctx, objects, func(ctx context.Context, i int) error {
		o, err := b.same(ctx, objects[i])
		if o == nil || err != nil {
			return err
		}
		if err := b.Remove(ctx, []string{o.Key}); err != nil {
			return err
		}
		gone[i] = objects[i]
		return nil
	})
	return slices.DeleteFunc(gone, func(o *driver.Object) bool { return o == nil }), err
}

func (b *bucket) Classify(ctx context.Context, objects []*driver.Object, class string) error {
	return eachObject(ctx, objects, func(ctx context.Context, i int) error {
		o, err := b.same(ctx, objects[i])
		if o == nil || err != nil {
			return err
		}
		o.StorageClass = class
		m, err := encodeMeta(o, 0)
		if err != nil {
			return err
		}
		stored, err := b.class(ctx, b, class)
		if err != nil {
			return err
		}
		headers := m.copyHeaders(stored)
		headers["X-Amz-Copy-Source-If-Match"] = o.ETag
		name := b.s3key(o.Key)
		_, err = b.core.CopyObject(ctx, b.s3name, name, b.s3name, name, headers, minio.CopySrcOptions{}, minio.PutObjectOptions{})
		if conditionFailed(err) || noObject(err) {
			return nil // replaced meanwhile
		}
		return b.explain(ctx, err)
	})
}

func eachObject(ctx context.Context, objects []*driver.Object, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxConns)
	for i := range objects {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// same is the object if it still is what it was; nil if not.
func (b *bucket) same(ctx context.Context, was *driver.Object) (*driver.Object, error) {
	o, err := b.Head(ctx, was.Key)
	if errors.Is(err, driver.ErrNoSuchKey) || err == nil && o.Version != was.Version {
		return nil, nil
	}
	return o, err
}

func (b *bucket) OldestUpload(ctx context.Context, prefix string) (created int64, found bool, err error) {
	all, err := b.uploads(ctx)
	for _, u := range all {
		if millis := u.Created.UnixMilli(); strings.HasPrefix(u.Key, prefix) && (!found || millis < created) {
			created, found = millis, true
		}
	}
	return created, found, b.explain(ctx, err)
}

func (b *bucket) AbortBefore(ctx context.Context, prefix string, until int64) error {
	all, err := b.uploads(ctx)
	if err != nil {
		return b.explain(ctx, err)
	}
	for _, u := range all {
		if strings.HasPrefix(u.Key, prefix) && u.Created.UnixMilli() <= until {
			if err := b.AbortUpload(ctx, u.Key, u.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// began is when an upload began by flint's clock. Of one that another run began
// the store's time is taken, as far from flint's as they are now.
func (b *bucket) began(id string, initiated time.Time) time.Time {
	if text, ok := b.begun.get(id); ok {
		if millis, err := strconv.ParseInt(text, 10, 64); err == nil {
			return time.UnixMilli(millis).UTC()
		}
	}
	return initiated.Add(b.skew()).UTC()
}

// skew is how far flint's clock is ahead of the real one.
func (b *bucket) skew() time.Duration { return b.env.Clock.Now().Sub(clock.New().Now()) }
