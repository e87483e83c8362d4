package r2

import (
	"context"
	"errors"

	"flint/r2/driver"
)

// Copy makes key an object with the content of srcKey in src, without a way
// through the client; b may be src and key srcKey. The copy is a new version.
// Like Put it stores nothing when it fails; a condition that does not hold of
// either object is ErrPreconditionFailed. A source of more than MaxPutSize is
// ErrEntityTooLarge: copy it in parts.
// https://developers.cloudflare.com/r2/api/s3/api/
func (b *Bucket) Copy(ctx context.Context, src *Bucket, srcKey, key string, opts CopyOptions) (*Object, error) {
	if err := driver.CheckKey(srcKey); err != nil {
		return nil, err
	}
	class, err := b.checkPut(key, PutOptions{Custom: opts.Custom, StorageClass: opts.StorageClass, SSECKey: opts.SSECKey})
	if err = errors.Join(err, b.canEncrypt(opts.SourceKey)); err != nil {
		return nil, err
	}
	opts.StorageClass = class
	event, err := b.beginEvent(ActionCopy, &CopySource{src.name, srcKey}, key)
	if err != nil {
		return nil, driver.NameDiskFull(err)
	}
	o, err := b.driver.Copy(ctx, src.driver, srcKey, key, opts)
	return b.created(ctx, event, o, err)
}

// UploadPartCopy stores content of srcKey in src, all of it or opts.Range, as a
// part; opts.OnlyIf must hold of the source.
func (b *Bucket) UploadPartCopy(ctx context.Context, key, id string, number int, src *Bucket, srcKey string, opts PartCopyOptions) (*PartInfo, error) {
	if err := errors.Join(driver.CheckPart(key, number), driver.CheckKey(srcKey), b.canEncrypt(opts.SSECKey, opts.PartKey)); err != nil {
		return nil, err
	}
	part, err := b.driver.CopyPart(ctx, key, id, number, src.driver, srcKey, opts)
	return part, driver.NameDiskFull(err)
}
