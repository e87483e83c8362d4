package r2

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// Delete removes objects, all of them or, on an error, none. A key without an
// object is no error. It takes at most 1000 keys.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions
func (b *Bucket) Delete(ctx context.Context, keys ...string) error {
	if len(keys) > MaxDeleteKeys {
		return errTooManyKeys
	}
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	news, err := b.announce(ActionDelete, nil, b.present(ctx, keys)...)
	if err != nil {
		return named(err)
	}
	err = b.driver.remove(ctx, keys)
	news.done(ctx, err)
	return named(err)
}

// present is which keys have an object, if a queue may want to know.
func (b *Bucket) present(ctx context.Context, keys []string) []string {
	if b.notify.Load() == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, err := b.driver.head(ctx, key)
		return errors.Is(err, ErrNoSuchKey)
	})
}

func (b *diskBucket) remove(_ context.Context, keys []string) error {
	gone, err := b.delete(keys)
	if err != nil {
		return err
	}
	b.discard(gone)
	return nil
}

func (b *diskBucket) delete(keys []string) (gone []string, err error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(keys...)()
	if len(keys) == 1 {
		was, err := previous(b.stmts.previous, keys[0])
		if err != nil || was == nil {
			return nil, err
		}
		if was.place != placeParts {
			if _, err := b.stmts.remove.Exec(keys[0]); err != nil {
				return nil, err
			}
			return was.release(nil)
		}
	}
	err = b.db.Write(func(tx *sql.Tx) error {
		before, remove := tx.Stmt(b.stmts.previous), tx.Stmt(b.stmts.remove)
		for _, key := range keys {
			was, err := previous(before, key)
			if err != nil {
				return err
			}
			if _, err := remove.Exec(key); err != nil {
				return err
			}
			blobs, err := was.release(tx)
			if err != nil {
				return err
			}
			gone = append(gone, blobs...)
		}
		return nil
	})
	return gone, err
}
