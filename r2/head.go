package r2

import "context"

// Head describes an object, or returns ErrNoSuchKey.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions
func (b *Bucket) Head(ctx context.Context, key string) (*Object, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return b.driver.head(ctx, key)
}

func (b *diskBucket) head(_ context.Context, key string) (*Object, error) {
	r, seen := b.recent.find(key)
	if r != nil {
		return r.copy(), nil
	}
	r = &row{o: Object{Key: key}}
	if err := r.scan(b.stmts.head.QueryRow(key)); err != nil {
		return nil, err
	}
	if r.place != placeInline { // else a get would miss the content
		b.recent.keep(r, seen)
	}
	return r.copy(), nil
}
