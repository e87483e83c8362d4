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
	StorageClass string   // empty: the bucket's
	SourceKey    *SSECKey // with which the source was encrypted; nil for none
	SSECKey      *SSECKey // to encrypt the copy with; nil for none
}

// PartCopyOptions go with a copy into a part. GetOptions are of its source.
type PartCopyOptions struct {
	GetOptions
	PartKey *SSECKey // with which the upload was created; nil for none
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
	class, err := b.checkPut(key, PutOptions{Custom: opts.Custom, StorageClass: opts.StorageClass, SSECKey: opts.SSECKey})
	if err = errors.Join(err, b.canEncrypt(opts.SourceKey)); err != nil {
		return nil, err
	}
	opts.StorageClass = class
	news, err := b.announce(ActionCopy, &CopySource{src.name, srcKey}, key)
	if err != nil {
		return nil, named(err)
	}
	o, err := b.driver.copy(ctx, src.driver, srcKey, key, opts)
	return b.created(ctx, news, o, err)
}

// UploadPartCopy stores content of srcKey in src, all of it or opts.Range, as a
// part; opts.OnlyIf must hold of the source.
func (b *Bucket) UploadPartCopy(ctx context.Context, key, id string, number int, src *Bucket, srcKey string, opts PartCopyOptions) (*PartInfo, error) {
	if err := errors.Join(checkPart(key, number), checkKey(srcKey), b.canEncrypt(opts.SSECKey, opts.PartKey)); err != nil {
		return nil, err
	}
	part, err := b.driver.copyPart(ctx, key, id, number, src.driver, srcKey, opts)
	return part, named(err)
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
	if err := checkSSEC(o.seal, opts.SourceKey); err != nil {
		return nil, err
	}
	if !opts.SourceOnlyIf.holds(o) {
		return nil, ErrPreconditionFailed
	}
	if o.Size > MaxPutSize {
		return nil, ErrEntityTooLarge
	}
	u, err := b.duplicate(ctx, src, r, opts)
	if err != nil {
		return nil, err
	}
	o.describeCopy(key, u.version, opts)
	o.seal = opts.SSECKey.seal(u.version)
	o.SSECKeyMD5 = sealedMD5(o.seal)
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
// What is encrypted is encrypted anew.
func (b *diskBucket) duplicate(ctx context.Context, src *diskBucket, r *row, opts CopyOptions) (*upload, error) {
	u := &upload{version: b.store.newID(16), size: r.o.Size}
	plain := opts.SourceKey == nil && opts.SSECKey == nil
	switch {
	case !plain:
	case r.place == placeInline:
		u.data = append([]byte{}, r.data...)
		return u, nil
	case r.place == placeBlob:
		err := b.blobs.link(src.blobs.path(r.o.Version), u.version)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return u, err
		}
	}
	content, err := src.content(r, Span{0, r.o.Size}, opts.SourceKey)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return b.receive(ctx, content, PutOptions{Size: r.o.Size, SSECKey: opts.SSECKey, compute: r.o.Checksums.algorithm()})
}

func (b *diskBucket) copyPart(ctx context.Context, key, id string, number int, from driver, fromKey string, opts PartCopyOptions) (*PartInfo, error) {
	return readPart(ctx, b, key, id, number, from, fromKey, opts)
}

// readPart is copyPart by way of flint.
func readPart(ctx context.Context, to driver, key, id string, number int, from driver, fromKey string, opts PartCopyOptions) (*PartInfo, error) {
	body, err := from.get(ctx, fromKey, opts.GetOptions)
	if err != nil {
		return nil, err
	}
	defer body.Content.Close()
	return to.uploadPart(ctx, key, id, number, body.Content, PartOptions{Size: body.Span.Length, SSECKey: opts.PartKey})
}
