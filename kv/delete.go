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
	return n.driver.remove(ctx, key)
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
	return n.driver.remove(ctx, keys...)
}

// remove writes a record for each key that exists. Between the look and the
// write another writer may come first, which is as if it had come before or
// after this call.
func (n *local) remove(ctx context.Context, keys ...string) error {
	n.settle()
	var records []record
	n.mu.RLock()
	for _, key := range keys {
		if _, ok := n.mem.get(key); ok {
			records = append(records, newRecord(opDelete, key, nil, 0, 0))
		}
	}
	n.mu.RUnlock()
	if len(records) == 0 {
		return nil
	}
	return n.write(ctx, records...)
}
