package r2

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"flint/internal/clock"
)

// What lifecycle rules need. A store has rules of its own, but on its own clock,
// and tells no queue; so flint lists what is there when something is due.

// age does nothing: S3 finds objects by their names only.
func (b *s3Bucket) age(context.Context, bool) error { return nil }

func (b *s3Bucket) oldest(ctx context.Context, prefix, class string, after mark, until int64, limit int) ([]*Object, error) {
	var found []*Object
	trim := func() {
		slices.SortFunc(found, func(x, y *Object) int { return markOf(x).compare(markOf(y)) })
		found = found[:min(len(found), limit)]
	}
	p := &page{opts: ListOptions{Prefix: prefix}, limit: MaxListKeys}
	for {
		if err := b.list(ctx, p); err != nil {
			return nil, err
		}
		for _, o := range p.out.Objects {
			m := markOf(o)
			if m.compare(after) > 0 && m.millis <= until && (class == "" || o.StorageClass == class) {
				found = append(found, &Object{Key: o.Key, Version: o.Version, Uploaded: o.Uploaded, StorageClass: o.StorageClass})
			}
		}
		if len(found) > 2*lifecycleBatch {
			trim()
		}
		if p.out.Cursor == "" {
			trim()
			return found, nil
		}
		p = &page{opts: p.opts, limit: MaxListKeys, after: p.after, any: true}
	}
}

func markOf(o *Object) mark { return mark{o.Uploaded.UnixMilli(), o.Key} }

func (m mark) compare(n mark) int {
	return cmp.Or(cmp.Compare(m.millis, n.millis), cmp.Compare(m.key, n.key))
}

// removeThese looks at each object before it goes: S3 has no condition for a delete.
func (b *s3Bucket) removeThese(ctx context.Context, objects []*Object) ([]*Object, error) {
	gone := make([]*Object, len(objects))
	err := eachObject(ctx, objects, func(ctx context.Context, i int) error {
		o, err := b.same(ctx, objects[i])
		if o == nil || err != nil {
			return err
		}
		if err := b.remove(ctx, []string{o.Key}); err != nil {
			return err
		}
		gone[i] = objects[i]
		return nil
	})
	return slices.DeleteFunc(gone, func(o *Object) bool { return o == nil }), err
}

func (b *s3Bucket) classify(ctx context.Context, objects []*Object, class string) error {
	return eachObject(ctx, objects, func(ctx context.Context, i int) error {
		o, err := b.same(ctx, objects[i])
		if o == nil || err != nil {
			return err
		}
		o.StorageClass = class
		m, err := o.s3Meta(0)
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

func eachObject(ctx context.Context, objects []*Object, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s3Conns)
	for i := range objects {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// same is the object if it still is what it was; nil if not.
func (b *s3Bucket) same(ctx context.Context, was *Object) (*Object, error) {
	o, err := b.head(ctx, was.Key)
	if errors.Is(err, ErrNoSuchKey) || err == nil && o.Version != was.Version {
		return nil, nil
	}
	return o, err
}

func (b *s3Bucket) oldestUpload(ctx context.Context, prefix string) (created int64, found bool, err error) {
	all, err := b.uploads(ctx)
	for _, u := range all {
		if millis := u.Created.UnixMilli(); strings.HasPrefix(u.Key, prefix) && (!found || millis < created) {
			created, found = millis, true
		}
	}
	return created, found, b.explain(ctx, err)
}

func (b *s3Bucket) abortBefore(ctx context.Context, prefix string, until int64) error {
	all, err := b.uploads(ctx)
	if err != nil {
		return b.explain(ctx, err)
	}
	for _, u := range all {
		if strings.HasPrefix(u.Key, prefix) && u.Created.UnixMilli() <= until {
			if err := b.abortUpload(ctx, u.Key, u.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// began is when an upload began by flint's clock. Of one that another run began
// the store's time is taken, as far from flint's as they are now.
func (b *s3Bucket) began(id string, initiated time.Time) time.Time {
	if text, ok := b.begun.get(id); ok {
		if millis, err := strconv.ParseInt(text, 10, 64); err == nil {
			return time.UnixMilli(millis).UTC()
		}
	}
	return initiated.Add(b.skew()).UTC()
}

// skew is how far flint's clock is ahead of the real one.
func (b *s3Bucket) skew() time.Duration { return b.store.clock.Now().Sub(clock.New().Now()) }
