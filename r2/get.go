package r2

import (
	"context"

	"flint/r2/driver"
)

// Get opens an object. It returns ErrNoSuchKey, ErrInvalidRange, or, with the
// object but without its content, ErrPreconditionFailed; and if the key of an
// encrypted object is missing, wrong, or given for another object,
// ErrSSECKeyRequired, ErrSSECKeyMismatch or ErrSSECNotApplicable.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2getoptions
func (b *Bucket) Get(ctx context.Context, key string, opts GetOptions) (*Body, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if err := b.canEncrypt(opts.SSECKey); err != nil {
		return nil, err
	}
	return b.driver.Get(ctx, key, opts)
}

// Head describes an object, or returns ErrNoSuchKey.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions
func (b *Bucket) Head(ctx context.Context, key string) (*Object, error) {
	if err := driver.CheckKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.driver.Head(ctx, key)
}

// PartSpan finds where in an object the part of a number is, in the order of
// the upload and counted from 1, and how many parts there are: 0 of an object
// that was put whole. Of a number past the last one the span is empty.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (b *Bucket) PartSpan(ctx context.Context, key string, number int) (Span, int, error) {
	if err := driver.CheckKey(key); err != nil {
		return Span{}, 0, err
	}
	return b.driver.PartSpan(ctx, key, number)
}
