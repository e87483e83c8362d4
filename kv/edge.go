package kv

import (
	"bytes"
	"container/list"
	"context"
	"strings"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/kv/driver"
)

// Cloudflare writes to central stores and reads through a cache in each location.
// A location that has read a key, or has found it missing, may show that for 60
// seconds or the cacheTtl of the read, whatever is written meanwhile. In the
// location of the writer the change is usually seen at once, which is not
// promised. flint has one location and reads an eventual namespace as if it were
// written in another one, so an app meets the outdated read each time.
//
// https://developers.cloudflare.com/kv/concepts/how-kv-works/#consistency

// CacheStatus says how an eventual namespace answered a read. It is empty for
// one that is always up to date.
type CacheStatus string

// The answers of a cache.
const (
	CacheHit  CacheStatus = "HIT"
	CacheMiss CacheStatus = "MISS"
)

// edgeCache is the cache of one location for all eventual namespaces, bounded by
// dropping what was used least recently.
type edgeCache struct {
	clock clock.Clock

	mu     sync.Mutex
	items  map[edgeKey]*list.Element // of *edgeItem
	recent list.List                 // most recently first
	bytes  int
}

// edgeKey is a key of a namespace, or one page of a list of it.
type edgeKey struct {
	namespace, name string
	list            ListOptions // for a page; name is empty
}

// edgeItem is what was read. A key that was missing has no entry.
type edgeItem struct {
	key    edgeKey
	readAt time.Time
	ttl    time.Duration
	entry  *Entry
	page   Page
	bytes  int
}

func newEdge(c clock.Clock) *edgeCache {
	return &edgeCache{clock: c, items: map[edgeKey]*list.Element{}}
}

// get returns what is cached and younger than ttl, else nil. Reading again with a
// lower ttl shortens the life of what is cached.
func (e *edgeCache) get(key edgeKey, ttl time.Duration) *edgeItem {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := e.items[key]
	if found == nil {
		return nil
	}
	item := found.Value.(*edgeItem)
	item.ttl = min(item.ttl, ttl)
	now := e.clock.Now()
	hasExpired := item.entry != nil && item.entry.Expired(now.Unix()) // an expiration counts for more than a cacheTtl
	if hasExpired || now.Sub(item.readAt) >= item.ttl {
		e.remove(found)
		return nil
	}
	e.recent.MoveToFront(found)
	return item
}

func (e *edgeCache) put(item *edgeItem) {
	item.setBytes()
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.items[item.key]; old != nil {
		e.remove(old)
	}
	e.items[item.key] = e.recent.PushFront(item)
	e.bytes += item.bytes
	for e.bytes > maxEdgeBytes {
		e.remove(e.recent.Back())
	}
}

// setBytes estimates what an item takes in memory.
func (i *edgeItem) setBytes() {
	const each = 200 // structures around the bytes
	i.bytes = each + len(i.key.namespace) + len(i.key.name) + len(i.key.list.Prefix) + len(i.key.list.Cursor)
	if i.entry != nil {
		i.bytes += each + len(i.entry.Value) + len(i.entry.Metadata)
	}
	for _, k := range i.page.Keys {
		i.bytes += each + len(k.Name) + len(k.Metadata)
	}
}

func (e *edgeCache) remove(el *list.Element) {
	item := e.recent.Remove(el).(*edgeItem)
	delete(e.items, item.key)
	e.bytes -= item.bytes
}

// dropNamespace drops everything that was read from a namespace.
func (e *edgeCache) dropNamespace(namespace string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, el := range e.items {
		if key.namespace == namespace {
			e.remove(el)
		}
	}
}

// cacheDuration is how long a location keeps what it read.
func cacheDuration(cacheTTL *int64) time.Duration {
	if cacheTTL == nil {
		return defaultCacheTTL * time.Second
	}
	return time.Duration(min(*cacheTTL, maxCacheSeconds)) * time.Second
}

// GetAtEdge is Get as a Worker sees it: of an eventual namespace it may be what
// was read earlier. The cache status also comes with ErrKeyNotFound.
func (n *Namespace) GetAtEdge(ctx context.Context, key string, o GetOptions) (Entry, CacheStatus, error) {
	if n.edge == nil {
		e, err := n.Get(ctx, key, o)
		return e, "", err
	}
	if err := checkRead(key, o.CacheTTL); err != nil {
		return Entry{}, "", err
	}
	at, ttl := n.clock.Now(), cacheDuration(o.CacheTTL)
	status, item := CacheHit, n.edge.get(edgeKey{namespace: n.id, name: key}, ttl)
	if item == nil {
		e, err := n.driver.Get(ctx, key)
		if err != nil && err != ErrKeyNotFound { //nolint:errorlint // drivers return the sentinel itself
			return Entry{}, "", err
		}
		item = n.cacheEntry(key, e, err == nil, at, ttl)
		status = CacheMiss
	}
	if item.entry == nil {
		return Entry{}, status, ErrKeyNotFound
	}
	return *item.entry, status, nil
}

func (n *Namespace) cacheEntry(key string, e Entry, found bool, at time.Time, ttl time.Duration) *edgeItem {
	item := &edgeItem{key: edgeKey{namespace: n.id, name: strings.Clone(key)}, readAt: at, ttl: ttl}
	if found { // a copy: a small value would keep the block of memory that it stands in
		e.Value, e.Metadata = bytes.Clone(e.Value), bytes.Clone(e.Metadata)
		item.entry = &e
	}
	n.edge.put(item)
	return item
}

// GetBulkAtEdge is GetBulk as a Worker sees it.
func (n *Namespace) GetBulkAtEdge(ctx context.Context, keys []string, o BulkGetOptions) (map[string]Entry, error) {
	if n.edge == nil {
		return n.GetBulk(ctx, keys, o)
	}
	return checkedBulk(keys, o, func() (map[string]Entry, error) { return n.bulkAtEdge(ctx, keys, cacheDuration(o.CacheTTL)) })
}

func (n *Namespace) bulkAtEdge(ctx context.Context, keys []string, ttl time.Duration) (map[string]Entry, error) {
	at, found := n.clock.Now(), make(map[string]Entry, len(keys))
	var missing []string
	for _, key := range keys {
		switch item := n.edge.get(edgeKey{namespace: n.id, name: key}, ttl); {
		case item == nil:
			missing = append(missing, key)
		case item.entry != nil:
			found[key] = *item.entry
		}
	}
	if len(missing) > 0 {
		fresh, err := n.driver.GetBulk(ctx, missing)
		if err != nil {
			return nil, err
		}
		for _, key := range missing {
			e, ok := fresh[key]
			n.cacheEntry(key, e, ok, at, ttl)
			if ok {
				found[key] = e
			}
		}
	}
	total := 0
	for _, e := range found {
		total += len(e.Value)
	}
	if total > MaxBulkGetBytes {
		return nil, driver.ErrBulkBytes
	}
	return found, nil
}

// ListAtEdge is List as a Worker sees it: a page of an eventual namespace may be
// as it was up to 60 seconds ago, without keys that have expired since.
//
// https://developers.cloudflare.com/kv/api/list-keys/#response
func (n *Namespace) ListAtEdge(ctx context.Context, o ListOptions) (Page, CacheStatus, error) {
	if n.edge == nil {
		p, err := n.List(ctx, o)
		return p, "", err
	}
	at, key := n.clock.Now(), edgeKey{namespace: n.id, list: o}
	if o.Limit == 0 { // the default has a number, so a page never has the key of an entry
		key.list.Limit = MaxListKeys
	}
	if item := n.edge.get(key, defaultCacheTTL*time.Second); item != nil {
		return item.page.withoutExpired(at.Unix()), CacheHit, nil
	}
	page, err := n.List(ctx, o)
	if err == nil {
		n.edge.put(&edgeItem{key: key, readAt: at, ttl: defaultCacheTTL * time.Second, page: page})
	}
	return page, CacheMiss, err
}

// withoutExpired is a page without what has expired.
func (p Page) withoutExpired(now int64) Page {
	keys := make([]Key, 0, len(p.Keys))
	for _, k := range p.Keys {
		if k.Expiration == 0 || k.Expiration > now {
			keys = append(keys, k)
		}
	}
	p.Keys = keys
	return p
}
