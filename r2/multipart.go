package r2

import (
	"context"
	"errors"
	"io"

	"flint/r2/driver"
)

// CreateMultipart begins a multipart upload and returns its id.
// https://developers.cloudflare.com/r2/api/workers/workers-multipart-usage/
func (b *Bucket) CreateMultipart(ctx context.Context, key string, opts MultipartOptions) (id string, err error) {
	if err := errors.Join(ctx.Err(), driver.CheckKey(key), driver.CheckMetadata(opts.Custom), driver.CheckAlgorithm(opts.Checksum)); err != nil {
		return "", err
	}
	if opts.StorageClass, err = driver.StorageClass(opts.StorageClass, *b.class.Load()); err != nil {
		return "", err
	}
	if err := b.canEncrypt(opts.SSECKey); err != nil {
		return "", err
	}
	if id, err = b.driver.CreateUpload(ctx, key, opts); err == nil {
		b.scheduleLifecycle(key, b.store.clock.Now(), true)
	}
	return id, driver.NameDiskFull(err)
}

// UploadPart stores one part, in place of an earlier one of the same number,
// and returns its ETag. size is negative if it is not known.
func (b *Bucket) UploadPart(ctx context.Context, key, id string, number int, content io.Reader, size int64) (etag string, err error) {
	part, err := b.UploadPartWith(ctx, key, id, number, content, PartOptions{Size: size})
	if err != nil {
		return "", err
	}
	return part.ETag, nil
}

// UploadPartWith is UploadPart with all that may come with a part. Of another key
// than that of the upload it returns ErrSSECKeyRequired, ErrSSECKeyMismatch or
// ErrSSECNotApplicable.
func (b *Bucket) UploadPartWith(ctx context.Context, key, id string, number int, content io.Reader, opts PartOptions) (*PartInfo, error) {
	if err := errors.Join(driver.CheckPart(key, number), b.canEncrypt(opts.SSECKey)); err != nil {
		return nil, err
	}
	if opts.Size > MaxPutSize {
		return nil, ErrEntityTooLarge
	}
	part, err := b.driver.UploadPart(ctx, key, id, number, content, opts)
	return part, driver.NameDiskFull(err)
}

// AbortMultipart ends an upload and drops its parts. Of a finished upload it
// does nothing.
func (b *Bucket) AbortMultipart(ctx context.Context, key, id string) error {
	if err := errors.Join(ctx.Err(), driver.CheckKey(key)); err != nil {
		return err
	}
	return driver.NameDiskFull(b.driver.AbortUpload(ctx, key, id))
}

// ListParts lists parts of an upload with numbers above after; a limit of 0, or
// of more than 1000, means 1000. An upload that has ended is ErrNoSuchUpload.
func (b *Bucket) ListParts(ctx context.Context, key, id string, after, limit int) (*PartListing, error) {
	limit, err := pageLimit(limit)
	if err := errors.Join(err, ctx.Err(), driver.CheckKey(key)); err != nil {
		return nil, err
	}
	return b.driver.ListParts(ctx, key, id, after, limit)
}

// ListUploads lists the multipart uploads in progress.
func (b *Bucket) ListUploads(ctx context.Context, opts ListUploadsOptions) (*UploadListing, error) {
	var err error
	opts.Limit, err = pageLimit(opts.Limit)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	return b.driver.ListUploads(ctx, opts)
}

// pageLimit is the size of a page of parts or uploads, which S3 cuts to 1000.
func pageLimit(limit int) (int, error) {
	if limit < 0 {
		return 0, ErrInvalidMaxKeys
	}
	if limit == 0 {
		return MaxListKeys, nil
	}
	return min(limit, MaxListKeys), nil
}

// CompleteMultipart makes an object of the named parts, in the order of their
// numbers; the other parts are dropped. All parts but the last have the same
// size, of at least MinPartSize, and the last one is not larger.
func (b *Bucket) CompleteMultipart(ctx context.Context, key, id string, parts []Part) (*Object, error) {
	return b.CompleteMultipartWith(ctx, key, id, parts, CompleteOptions{})
}

// CompleteMultipartWith is CompleteMultipart of an object of which the client
// knows something: if it is not so, no object is made.
func (b *Bucket) CompleteMultipartWith(ctx context.Context, key, id string, parts []Part, opts CompleteOptions) (*Object, error) {
	if err := errors.Join(ctx.Err(), driver.CheckKey(key)); err != nil {
		return nil, err
	}
	event, err := b.beginEvent(ActionCompleteMultipart, nil, key)
	if err != nil {
		return nil, driver.NameDiskFull(err)
	}
	o, err := b.driver.CompleteUpload(ctx, key, id, parts, opts)
	return b.created(ctx, event, o, err)
}
