package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"flint/r2/driver"
)

// Copy implements driver.Bucket.
func (b *Bucket) Copy(ctx context.Context, from driver.Bucket, fromKey, key string, opts driver.CopyOptions) (*driver.Object, error) {
	src, ok := from.(*Bucket)
	if !ok {
		return nil, errors.New("r2: a copy stays in one store")
	}
	for range driver.MaxTries {
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
func (b *Bucket) copyOnce(ctx context.Context, src *Bucket, fromKey, key string, opts driver.CopyOptions) (*driver.Object, error) {
	r, err := src.row(fromKey)
	if err != nil {
		return nil, err
	}
	o := r.copy()
	if err := driver.CheckSSEC(o.Seal, opts.SourceKey); err != nil {
		return nil, err
	}
	if !opts.SourceOnlyIf.Holds(o) {
		return nil, driver.ErrPreconditionFailed
	}
	if o.Size > driver.MaxPutSize {
		return nil, driver.ErrEntityTooLarge
	}
	u, err := b.duplicate(ctx, src, r, opts)
	if err != nil {
		return nil, err
	}
	o.DescribeCopy(key, u.version, opts)
	o.Seal = opts.SSECKey.Seal(u.version)
	o.SSECKeyMD5 = driver.SealedMD5(o.Seal)
	if r.place == placeParts { // in one piece it has an ETag and a checksum of its own
		o.SetSums(u.sums)
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

// duplicate makes the content of r ready for a row of b. A file that never
// changes needs no second copy: it gets a second name.
// What is encrypted is encrypted anew.
func (b *Bucket) duplicate(ctx context.Context, src *Bucket, r *row, opts driver.CopyOptions) (*upload, error) {
	u := &upload{version: b.env.NewID(16), size: r.o.Size}
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
	content, err := src.content(r, driver.Span{Length: r.o.Size}, opts.SourceKey)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return b.receive(ctx, content, driver.PutOptions{Size: r.o.Size, SSECKey: opts.SSECKey, Compute: r.o.Checksums.Algorithm()})
}

// CopyPart implements driver.Bucket.
func (b *Bucket) CopyPart(ctx context.Context, key, id string, number int, from driver.Bucket, fromKey string, opts driver.PartCopyOptions) (*driver.PartInfo, error) {
	return driver.ReadPart(ctx, b, key, id, number, from, fromKey, opts)
}
