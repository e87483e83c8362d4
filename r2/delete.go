package r2

import (
	"context"
	"errors"
	"slices"

	"flint/r2/driver"
)

// Delete removes objects, all of them or, on an error, none. A key without an
// object is no error. It takes at most 1000 keys.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#bucket-method-definitions
func (b *Bucket) Delete(ctx context.Context, keys ...string) error {
	if len(keys) > MaxDeleteKeys {
		return errTooManyKeys
	}
	for _, key := range keys {
		if err := driver.CheckKey(key); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	event, err := b.beginEvent(ActionDelete, nil, b.present(ctx, keys)...)
	if err != nil {
		return driver.NameDiskFull(err)
	}
	err = b.driver.Remove(ctx, keys)
	event.finish(ctx, err)
	return driver.NameDiskFull(err)
}

// present is which keys have an object, if a queue may want to know.
func (b *Bucket) present(ctx context.Context, keys []string) []string {
	if b.notify.Load() == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		_, err := b.driver.Head(ctx, key)
		return errors.Is(err, ErrNoSuchKey)
	})
}
