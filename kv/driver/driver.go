package driver

import "context"

// Namespace is where the entries of one namespace live. The rules are above it
// (kv.Namespace): it gets checked keys, values and times only. Its methods may be
// called from any goroutine.
//
// Expiry: an entry whose expiration is at or before the present second of
// flint's clock is gone for every method, and stays gone when the clock is set
// back later. A driver frees its memory by itself.
type Namespace interface {
	// Get reads one entry, or fails with ErrKeyNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// GetBulk reads several entries at one moment. Keys without an entry are
	// absent. Values of more than MaxBulkGetBytes together are ErrBulkBytes.
	GetBulk(ctx context.Context, keys []string) (map[string]Entry, error)
	// Write stores put records, all or none, and keeps them. It returns once
	// that is durable. Of two records with one key the later wins.
	Write(ctx context.Context, records ...Record) error
	// Remove deletes keys, all or none, and returns once that is durable. Keys
	// without an entry are no error.
	Remove(ctx context.Context, keys ...string) error
	// List gives up to limit keys in the order of their bytes, from start on,
	// that begin with prefix, and says whether there are more.
	List(ctx context.Context, start, prefix string, limit int) (keys []Key, more bool, err error)
	// Close closes the namespace. Its writes fail with ErrClosed afterwards.
	Close() error
}

// Backend is where the namespaces of a store live.
type Backend interface {
	// Open opens a namespace; it need not exist yet.
	Open(id string) (Namespace, error)
	// Drop removes a namespace, which is closed, with all it holds.
	Drop(ctx context.Context, id string) error
	// Titles are the titles of the namespaces that live here, by id; empty for one
	// that was never given a title.
	Titles(ctx context.Context) (map[string]string, error)
	// SetTitle stores the title of a namespace, which need not exist yet.
	SetTitle(ctx context.Context, id, title string) error
	// Ping returns why the backend cannot answer, nil when it can.
	Ping(ctx context.Context) error
	// Close closes the backend, whose namespaces are closed.
	Close() error
}
