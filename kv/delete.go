package kv

import "context"

// Delete removes a key and returns once that is durable. A key that does not
// exist is no error.
//
// https://developers.cloudflare.com/kv/api/delete-key-value-pairs/
func (n *Namespace) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return n.driver.Remove(ctx, key)
}

// DeleteBulk removes up to 10,000 keys, all or none.
//
// https://developers.cloudflare.com/api/resources/kv/subresources/namespaces/methods/bulk_delete/
func (n *Namespace) DeleteBulk(ctx context.Context, keys []string) error {
	if len(keys) > MaxBulkPairs {
		return errBulkPairs
	}
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	return n.driver.Remove(ctx, keys...)
}
