package cache

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
)

// Options say where the responses are kept.
type Options struct {
	Dir      string // created when missing
	Clock    clock.Clock
	Log      *slog.Logger
	MaxBytes int64 // of all responses together; DefaultMaxBytes when 0
}

// Cache holds the responses of all caches. Its methods may be called from any
// goroutine. What was put survives a restart and a kill -9.
type Cache struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger
	max   int64

	mu        sync.Mutex
	entries   map[string]*entry // by the hash of the key
	oldest    *list.List        // of *entry, in the order in which they were put
	bytes     int64
	putNumber uint64
	memory    atomic.Int64 // bytes of bodies kept by their entries
}

// Open reads which responses there are. It starts nothing.
func Open(opt Options) (*Cache, error) {
	c := &Cache{
		dir: opt.Dir, clock: opt.Clock, log: opt.Log, max: opt.MaxBytes,
		entries: map[string]*entry{}, oldest: list.New(),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.max == 0 {
		c.max = DefaultMaxBytes
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	if err := c.scan(); err != nil {
		return nil, fmt.Errorf("open cache %s: %w", c.dir, err)
	}
	return c, nil
}

// scan lists the files of the folder, and removes what a kill left behind:
// unfinished ones, and older responses of the same key.
func (c *Cache) scan() error {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	var found []*entry
	for _, f := range files {
		if strings.HasSuffix(f.Name(), tempSuffix) {
			c.remove(f.Name())
			continue
		}
		if e, ok := parseName(f); ok {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	for _, e := range found {
		c.insert(e)
	}
	return nil
}

// insert makes e the response of its key; the caller holds the lock, or is Open.
func (c *Cache) insert(e *entry) {
	if old := c.entries[e.hash]; old != nil {
		c.removeLocked(old)
	}
	c.entries[e.hash] = e
	e.listElement = c.oldest.PushBack(e)
	c.bytes += e.bytes
	c.putNumber = max(c.putNumber, e.seq)
	for c.bytes > c.max {
		c.removeLocked(c.oldest.Front().Value.(*entry))
	}
}

// removeLocked forgets e and removes its file. A match that has the file open goes on.
func (c *Cache) removeLocked(e *entry) {
	delete(c.entries, e.hash)
	c.oldest.Remove(e.listElement)
	c.bytes -= e.bytes
	if b := e.body.Swap(&dropped); b != nil {
		c.memory.Add(-int64(len(*b)))
	}
	c.remove(e.name())
}

func (c *Cache) remove(name string) {
	if err := os.Remove(filepath.Join(c.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.log.Error("remove cached response", "file", name, "error", err)
	}
}

// removeIfCurrent drops e unless another response has taken its place.
func (c *Cache) removeIfCurrent(e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[e.hash] != e {
		return false
	}
	c.removeLocked(e)
	return true
}

func (c *Cache) get(hash string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[hash]
}

// find returns a fresh response, or nil. The caller closes it.
func (c *Cache) find(k Key) *response {
	hash := k.hash()
	for {
		e := c.get(hash)
		if e == nil {
			return nil
		}
		r, err := c.open(e)
		if err == nil && r.Key == k && c.clock.Now().Before(r.Expires) {
			return r
		}
		if err == nil {
			r.close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			c.log.Error("read cached response; it is dropped", "file", e.name(), "error", err)
		}
		if c.removeIfCurrent(e) {
			return nil
		} // else it was replaced meanwhile: look again
	}
}

// Delete removes a response and reports whether there was a fresh one.
func (c *Cache) Delete(k Key) bool {
	r := c.find(k)
	if r == nil {
		return false
	}
	r.close()
	e := c.get(k.hash())
	return e != nil && c.removeIfCurrent(e)
}

// Purge removes all responses and returns how many there were.
func (c *Cache) Purge() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.entries)
	for _, e := range c.entries {
		c.removeLocked(e)
	}
	return n
}

// Size is how many bytes all responses take on the disk.
func (c *Cache) Size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// Close ends the use of the cache; there is nothing to flush.
func (c *Cache) Close() error { return nil }
