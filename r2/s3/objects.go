package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/minio-go/v7"

	"flint/r2/driver"
)

func (b *bucket) Head(ctx context.Context, key string) (*driver.Object, error) {
	info, err := b.core.StatObject(ctx, b.s3name, b.s3key(key), minio.StatObjectOptions{Checksum: true})
	if noObject(err) {
		b.found()
		return nil, driver.ErrNoSuchKey
	}
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	b.found()
	return decodeObject(key, info, info.Headers)
}

// Get asks for the whole object at once. Whoever wants less of it, or only on a
// condition, gets the description first and then the bytes of that very object.
func (b *bucket) Get(ctx context.Context, key string, opts driver.GetOptions) (*driver.Body, error) {
	if opts.OnlyIf == nil && opts.Range == nil {
		return b.fetch(ctx, key, minio.GetObjectOptions{Checksum: true})
	}
	for range driver.MaxTries {
		o, err := b.Head(ctx, key)
		if err != nil {
			return nil, err
		}
		body := &driver.Body{Object: o, Span: driver.Span{Length: o.Size}}
		if !opts.OnlyIf.Holds(o) {
			return body, driver.ErrPreconditionFailed
		}
		if body.Span, err = opts.Range.Resolve(o); err != nil {
			return nil, err
		}
		if body.Span.Length == 0 {
			body.Content = driver.InlineBody{Reader: bytes.NewReader(nil)}
			return body, nil
		}
		got, err := b.fetchSpan(ctx, body)
		if errors.Is(err, errReplaced) {
			continue
		}
		return got, err
	}
	return nil, fmt.Errorf("object %q in bucket %s changes faster than it can be read", key, b.name)
}

// errReplaced says that an object is not the one that was described.
var errReplaced = errors.New("the object was replaced")

// fetchSpan opens the bytes of the object that body describes.
func (b *bucket) fetchSpan(ctx context.Context, body *driver.Body) (*driver.Body, error) {
	var o minio.GetObjectOptions
	err := o.SetMatchETag(body.ETag)
	if body.Span.Length < body.Size {
		err = errors.Join(err, o.SetRange(body.Span.Offset, body.Span.Offset+body.Span.Length-1))
	}
	if err != nil {
		return nil, err
	}
	got, err := b.fetch(ctx, body.Key, o)
	if err != nil {
		return nil, err
	}
	if got.Version != body.Version { // of the same bytes
		got.Content.Close()
		return nil, errReplaced
	}
	body.Content = got.Content
	return body, nil
}

func (b *bucket) fetch(ctx context.Context, key string, opts minio.GetObjectOptions) (*driver.Body, error) {
	content, info, h, err := b.core.GetObject(ctx, b.s3name, b.s3key(key), opts)
	switch {
	case conditionFailed(err):
		return nil, errReplaced
	case noObject(err):
		b.found()
		return nil, driver.ErrNoSuchKey
	case err != nil:
		return nil, b.explain(ctx, err)
	}
	b.found()
	o, err := decodeObject(key, info, h)
	if err != nil {
		content.Close()
		return nil, err
	}
	return &driver.Body{Object: o, Span: driver.Span{Length: o.Size}, Content: content}, nil
}

func (b *bucket) Put(ctx context.Context, key string, content io.Reader, opts driver.PutOptions) (*driver.Object, error) {
	sent, err := b.receive(ctx, content, arrival{size: opts.Size, given: opts.Checksums, early: opts.Kept != nil})
	if err != nil {
		return nil, err
	}
	defer sent.close()
	sums := opts.Checksums.With(opts.Verified)
	if opts.Kept != nil {
		sums = sums.With(opts.Kept())
	}
	o := &driver.Object{
		Key: key, Version: b.env.NewID(16), Size: sent.size, HTTP: opts.HTTP, Custom: opts.Custom,
		Checksums: sums, StorageClass: opts.StorageClass, Uploaded: b.now(),
	}
	put, err := b.putOptions(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	name := b.s3key(key)
	if err := b.keep(ctx, key, name); err != nil {
		return nil, b.explain(ctx, err)
	}
	if err := b.require(ctx, key, opts.OnlyIf, &put); err != nil {
		return nil, err
	}
	info, err := b.core.PutObject(ctx, b.s3name, name, sent, sent.size, "", "", put)
	switch {
	case sent.err != nil:
		return nil, sent.err
	case conditionFailed(err), opts.OnlyIf != nil && noObject(err):
		b.found()
		return nil, driver.ErrPreconditionFailed
	case err != nil:
		return nil, b.explain(ctx, err)
	}
	b.found()
	o.ETag = info.ETag
	o.Checksums, _, err = driver.ParseChecksums(o.Checksums.Text(""), o.ETag)
	return o, err
}

// putOptions encodes what goes with an object.
func (b *bucket) putOptions(ctx context.Context, o *driver.Object, skew int64) (minio.PutObjectOptions, error) {
	m, err := encodeMeta(o, skew)
	if err != nil {
		return minio.PutObjectOptions{}, err
	}
	class, err := b.class(ctx, b, o.StorageClass)
	return m.putOptions(class), err
}

// require makes the store hold a put to a condition. Of what S3 has no condition
// for, the object that is there now is looked at, and the store is told to
// replace that one, or none, and no other.
func (b *bucket) require(ctx context.Context, key string, c *driver.Conditional, put *minio.PutObjectOptions) error {
	switch {
	case c == nil:
		return nil
	case c.IsAbsent():
		put.SetMatchETagExcept("*")
		return nil
	case c.IsETag():
		put.SetMatchETag(c.Matches[0].Value)
		return nil
	}
	o, err := b.check(ctx, key, c)
	if err != nil {
		return err
	}
	if o == nil {
		put.SetMatchETagExcept("*")
	} else {
		put.SetMatchETag(o.ETag)
	}
	return nil
}

// check holds c against the object that key has now, which it returns; nil if it
// has none.
func (b *bucket) check(ctx context.Context, key string, c *driver.Conditional) (*driver.Object, error) {
	o, err := b.Head(ctx, key)
	if err != nil && !errors.Is(err, driver.ErrNoSuchKey) {
		return nil, err
	}
	if !c.Holds(o) {
		return nil, driver.ErrPreconditionFailed
	}
	return o, nil
}

func (b *bucket) Copy(ctx context.Context, from driver.Bucket, fromKey, key string, opts driver.CopyOptions) (*driver.Object, error) {
	src, ok := from.(*bucket)
	if !ok || src.store != b.store {
		return nil, errors.New("r2: a copy stays in one store")
	}
	name := b.s3key(key)
	if err := b.keep(ctx, key, name); err != nil {
		return nil, b.explain(ctx, err)
	}
	for range driver.MaxTries {
		o, err := b.copyOnce(ctx, src, fromKey, key, opts)
		if !errors.Is(err, errReplaced) {
			return o, err
		}
	}
	return nil, fmt.Errorf("object %q in bucket %s changes faster than it can be copied", fromKey, src.name)
}

func (b *bucket) copyOnce(ctx context.Context, src *bucket, fromKey, key string, opts driver.CopyOptions) (*driver.Object, error) {
	o, err := src.Head(ctx, fromKey)
	if err != nil {
		return nil, err
	}
	if !opts.SourceOnlyIf.Holds(o) {
		return nil, driver.ErrPreconditionFailed
	}
	if o.Size > driver.MaxPutSize {
		return nil, driver.ErrEntityTooLarge
	}
	// S3 has no condition of what a copy replaces.
	if opts.OnlyIf != nil {
		if _, err := b.check(ctx, key, opts.OnlyIf); err != nil {
			return nil, err
		}
	}
	etag := o.ETag
	o.DescribeCopy(key, b.env.NewID(16), opts)
	o.Checksums = o.Checksums.OfContent() // the copy has no parts
	o.Uploaded = b.now()
	m, err := encodeMeta(o, 0)
	if err != nil {
		return nil, err
	}
	class, err := b.class(ctx, b, o.StorageClass)
	if err != nil {
		return nil, err
	}
	headers := m.copyHeaders(class)
	headers["X-Amz-Copy-Source-If-Match"] = etag
	info, err := b.core.CopyObject(ctx, src.s3name, src.s3key(fromKey), b.s3name, b.s3key(key), headers, minio.CopySrcOptions{}, minio.PutObjectOptions{})
	if conditionFailed(err) || noObject(err) {
		return nil, errReplaced
	}
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	o.ETag = info.ETag
	o.Checksums, _, err = driver.ParseChecksums(o.Checksums.Text(""), o.ETag)
	return o, err
}

// classes is what is known of the store's classes for InfrequentAccess.
type classes struct {
	mu      sync.Mutex
	probed  bool
	without bool // it has none, so the class is only noted
}

const infrequentClass = "STANDARD_IA"

// class is the S3 name of a storage class; empty for the store's own. MinIO has
// none for InfrequentAccess, which a try shows once.
func (c *classes) class(ctx context.Context, b *bucket, class string) (string, error) {
	if class != driver.InfrequentAccess {
		return "", nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.probed {
		err := b.write(ctx, ownPrefix+"class", nil, func(o *minio.PutObjectOptions) { o.StorageClass = infrequentClass })
		if err != nil && !isCode(err, "InvalidStorageClass") {
			return "", b.explain(ctx, err)
		}
		c.probed, c.without = true, err != nil
	}
	if c.without {
		return "", nil
	}
	return infrequentClass, nil
}
