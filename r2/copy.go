package r2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// CopyOptions go with a copy.
type CopyOptions struct {
	OnlyIf       *Conditional // what must hold of the object that is replaced
	SourceOnlyIf *Conditional // what must hold of the source
	// Replace gives the copy the metadata below, in place of the source's.
	Replace      bool
	HTTP         HTTPMetadata
	Custom       []Field
	StorageClass string // empty: the bucket's
}

// Copy makes key an object with the content of srcKey in src, without a way
// through the client; b may be src and key srcKey. The copy is a new version.
// Like Put it stores nothing when it fails; a condition that does not hold of
// either object is ErrPreconditionFailed. A source of more than MaxPutSize is
// ErrEntityTooLarge: copy it in parts.
// https://developers.cloudflare.com/r2/api/s3/api/
func (b *Bucket) Copy(ctx context.Context, src *Bucket, srcKey, key string, opts CopyOptions) (*Object, error) {
	if err := checkKey(srcKey); err != nil {
		return nil, err
	}
	class, err := b.checkPut(key, PutOptions{Custom: opts.Custom, StorageClass: opts.StorageClass})
	if err != nil {
		return nil, err
	}
	opts.StorageClass = class
	return b.driver.copy(ctx, src.driver, srcKey, key, opts)
}

// UploadPartCopy stores content of srcKey in src, all of it or opts.Range, as a
// part; opts.OnlyIf must hold of the source.
func (b *Bucket) UploadPartCopy(ctx context.Context, key, id string, number int, src *Bucket, srcKey string, opts GetOptions) (*PartInfo, error) {
	if err := errors.Join(checkPart(key, number), checkKey(srcKey)); err != nil {
		return nil, err
	}
	return b.driver.copyPart(ctx, key, id, number, src.driver, srcKey, opts)
}

func (b *diskBucket) copy(ctx context.Context, from driver, fromKey, key string, opts CopyOptions) (*Object, error) {
	src, ok := from.(*diskBucket)
	if !ok {
		return nil, errors.New("r2: a copy stays in one store")
	}
	for range maxTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o, err := b.copyOnce(ctx, src, fromKey, key, opts)
		if !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
	}
	return nil, fmt.Errorf("the content of object %q in bucket %s is missing", fromKey, src.name)
}

// copyOnce fails with fs.ErrNotExist if the source is replaced meanwhile.
func (b *diskBucket) copyOnce(ctx context.Context, src *diskBucket, fromKey, key string, opts CopyOptions) (*Object, error) {
	r, err := src.row(fromKey)
	if err != nil {
		return nil, err
	}
	o := r.copy()
	if !opts.SourceOnlyIf.holds(o) {
		return nil, ErrPreconditionFailed
	}
	if o.Size > MaxPutSize {
		return nil, ErrEntityTooLarge
	}
	u, err := b.duplicate(ctx, src, r)
	if err != nil {
		return nil, err
	}
	o.describeCopy(key, u.version, opts)
	if r.place == placeParts { // in one piece it has an ETag and a checksum of its own
		o.setSums(u.sums)
	}
	gone, err := b.commit(o, u, opts.OnlyIf)
	if err != nil {
		if !u.inline() {
			b.discard([]string{u.version})
		}
		return nil, err
	}
	b.discard(gone)
	return o, nil
}

// describeCopy turns the description of a source into that of its copy.
func (o *Object) describeCopy(key, version string, opts CopyOptions) {
	o.Key, o.Version, o.StorageClass = key, version, opts.StorageClass
	if opts.Replace {
		o.HTTP, o.Custom = opts.HTTP, opts.Custom
	}
}

// duplicate makes the content of r ready for a row of b. A file that never
// changes needs no second copy: it gets a second name.
func (b *diskBucket) duplicate(ctx context.Context, src *diskBucket, r *row) (*upload, error) {
	u := &upload{version: b.store.newID(16), size: r.o.Size}
	switch r.place {
	case placeInline:
		u.data = append([]byte{}, r.data...)
		return u, nil
	case placeBlob:
		err := b.blobs.link(src.blobs.path(r.o.Version), u.version)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return u, err
		}
	}
	content, err := src.content(r, Span{0, r.o.Size})
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return b.receive(ctx, content, r.o.Size, Checksums{})
}

func (b *diskBucket) copyPart(ctx context.Context, key, id string, number int, from driver, fromKey string, opts GetOptions) (*PartInfo, error) {
	body, err := from.get(ctx, fromKey, opts)
	if err != nil {
		return nil, err
	}
	defer body.Content.Close()
	etag, err := b.uploadPart(ctx, key, id, number, body.Content, body.Span.Length)
	if err != nil {
		return nil, err
	}
	return &PartInfo{Number: number, ETag: etag, Size: body.Span.Length, Uploaded: b.store.clock.Now().UTC()}, nil
}
