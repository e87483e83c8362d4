package r2

import (
	"context"
	"database/sql"
	"errors"
)

// Head describes an object, or returns ErrNoSuchKey.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions
func (b *Bucket) Head(ctx context.Context, key string) (*Object, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := row{o: Object{Key: key}}
	err := b.stmts.head.QueryRow(key).Scan(r.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSuchKey
	}
	if err != nil {
		return nil, err
	}
	return r.object()
}
