package memory

import (
	"context"
	"errors"
	"strings"

	"flint/kv/driver"
)

// ErrWouldWait says that GetNow or ListNow would have to wait, or to read much.
var ErrWouldWait = errors.New("not at once")

// Get implements driver.Namespace.
func (n *Namespace) Get(_ context.Context, key string) (driver.Entry, error) {
	n.removeOverdue()
	n.mu.RLock()
	r, ok := n.table.get(key)
	n.mu.RUnlock()
	if !ok {
		return driver.Entry{}, driver.ErrKeyNotFound
	}
	return r.Entry(), nil
}

// GetBulk implements driver.Namespace.
func (n *Namespace) GetBulk(_ context.Context, keys []string) (map[string]driver.Entry, error) {
	n.removeOverdue()
	found := make(map[string]driver.Entry, len(keys))
	total := 0
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, key := range keys {
		if r, ok := n.table.get(key); ok {
			found[key] = r.Entry()
			total += len(r.Value())
		}
	}
	if total > driver.MaxBulkGetBytes {
		return nil, driver.ErrBulkBytes
	}
	return found, nil
}

// List implements driver.Namespace.
func (n *Namespace) List(_ context.Context, start, prefix string, limit int) (keys []driver.Key, more bool, err error) {
	n.removeOverdue()
	n.mu.RLock()
	defer n.mu.RUnlock()
	keys, more = n.page(start, prefix, limit)
	return keys, more, nil
}

// page is called with mu held.
func (n *Namespace) page(start, prefix string, limit int) (keys []driver.Key, more bool) {
	for r := range n.table.from(start) {
		if !strings.HasPrefix(string(r.Key()), prefix) {
			break
		}
		if len(keys) == limit {
			return keys, true
		}
		keys = append(keys, driver.Key{Name: string(r.Key()), Expiration: r.Expiration(), Metadata: r.Metadata()})
	}
	return keys, false
}

// Remove writes a record for each key that exists. Between the look and the
// write another writer may come first; the result is the same as if it had come before
// or after this call.
func (n *Namespace) Remove(ctx context.Context, keys ...string) error {
	n.removeOverdue()
	var records []driver.Record
	n.mu.RLock()
	for _, key := range keys {
		if _, ok := n.table.get(key); ok {
			records = append(records, driver.NewRecord(driver.OpDelete, key, nil, 0, 0))
		}
	}
	n.mu.RUnlock()
	if len(records) == 0 {
		return nil
	}
	return n.Write(ctx, records...)
}

// ListNow is List, or ErrWouldWait where List waits.
func (n *Namespace) ListNow(start, prefix string, limit int) (keys []driver.Key, more bool, err error) {
	if n.hasOverdue() || !n.mu.TryRLock() {
		return nil, false, ErrWouldWait
	}
	defer n.mu.RUnlock()
	keys, more = n.page(start, prefix, limit)
	return keys, more, nil
}

// GetNow is Get, or ErrWouldWait where Get waits: for expired keys to be removed, or
// for a writer that changes the table. It refuses a record of more than MaxNow bytes
// in the same way. It allocates nothing.
func (n *Namespace) GetNow(key string) (driver.Entry, error) {
	if n.hasOverdue() || !n.mu.TryRLock() {
		return driver.Entry{}, ErrWouldWait
	}
	defer n.mu.RUnlock()
	r, ok := n.table.get(key)
	switch {
	case !ok:
		return driver.Entry{}, driver.ErrKeyNotFound
	case len(r) > MaxNow:
		return driver.Entry{}, ErrWouldWait
	}
	return r.Entry(), nil
}
