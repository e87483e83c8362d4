package r2

import (
	"context"
	"errors"
	"io"
	"slices"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// Put stores an object. When it returns, the object survives a kill of the
// process. Nothing is stored when it fails: ErrPreconditionFailed,
// ErrInvalidObjectName, ErrMetadataTooLarge, ErrEntityTooLarge,
// ErrIncompleteBody, a checksum that differs (10037), or an error of content.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2putoptions
func (b *Bucket) Put(ctx context.Context, key string, content io.Reader, opts PutOptions) (*Object, error) {
	var err error
	if opts.StorageClass, err = b.checkPut(key, opts); err != nil {
		return nil, err
	}
	event, err := b.beginEvent(ActionPut, nil, key)
	if err != nil {
		return nil, driver.NameDiskFull(err)
	}
	o, err := b.driver.Put(ctx, key, content, opts)
	return b.created(ctx, event, o, err)
}

// created ends the making of an object: its queues and its rules hear of it.
func (b *Bucket) created(ctx context.Context, event *pendingEvent, o *Object, err error) (*Object, error) {
	event.finish(ctx, err, o)
	if err != nil {
		return nil, driver.NameDiskFull(err)
	}
	b.scheduleLifecycle(o.Key, o.Uploaded, false)
	return o, nil
}

func (b *Bucket) checkPut(key string, opts PutOptions) (class string, err error) {
	if err := driver.CheckKey(key); err != nil {
		return "", err
	}
	if opts.Size > MaxPutSize {
		return "", ErrEntityTooLarge
	}
	if err := errors.Join(driver.CheckMetadata(opts.Custom), b.canEncrypt(opts.SSECKey)); err != nil {
		return "", err
	}
	return driver.StorageClass(opts.StorageClass, *b.class.Load())
}

// canEncrypt refuses keys that the driver would drop; nil is none.
func (b *Bucket) canEncrypt(keys ...*SSECKey) error {
	if b.driver.Encrypts() || !slices.ContainsFunc(keys, func(k *SSECKey) bool { return k != nil }) {
		return nil
	}
	return cferr.NotServed("R2 encryption with the client's key (ssecKey, SSE-C) on buckets of an S3 store")
}
