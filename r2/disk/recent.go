package disk

import "sync"

// recent is what a bucket has of its rows in memory: the puts that only the
// journal has, and rows of the table that were used lately. Rows in it never
// change, and their content is given out as it is.
type recent struct {
	mu    sync.RWMutex
	puts  map[string]*row // in the journal, not in the table yet; changed under Bucket.write
	read  map[string]*row // as the table has them
	older map[string]*row // likewise, and dropped when read becomes older
	bytes int             // of read, about
	// writes counts what changes the answer of the table or hides it; it is odd
	// while the table itself is being changed.
	writes uint64
}

func newRecent() *recent {
	return &recent{puts: map[string]*row{}, read: map[string]*row{}}
}

// find returns the row of key, or nil and what keep needs to know.
func (c *recent) find(key string) (r *row, seen uint64) {
	c.mu.RLock()
	if r = c.puts[key]; r == nil {
		r = c.read[key]
	}
	again := c.older[key]
	seen = c.writes
	c.mu.RUnlock()
	if r == nil && again != nil {
		c.keep(again, seen)
		return again, seen
	}
	return r, seen
}

// keep takes a row that was read from the table after find said seen, unless
// there has been a write since: it may have been one of that row.
func (c *recent) keep(r *row, seen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes != seen || seen%2 == 1 {
		return
	}
	if c.read[r.o.Key] == nil {
		c.bytes += r.bytes()
	}
	c.read[r.o.Key] = r
	if c.bytes > maxRead {
		c.older, c.read, c.bytes = c.read, map[string]*row{}, 0
	}
}

// put takes a row that the journal has.
func (c *recent) put(r *row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes += 2
	c.puts[r.o.Key] = r
	c.forget(r.o.Key)
}

// forget drops a key's row of the table.
func (c *recent) forget(key string) {
	if r := c.read[key]; r != nil {
		c.bytes -= r.bytes()
		delete(c.read, key)
	}
	delete(c.older, key)
}

// settled says that the table has all puts.
func (c *recent) settled() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.older, c.puts = c.puts, map[string]*row{}
}

// unsettled is how many puts only the journal has.
func (c *recent) unsettled() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.puts)
}

// change begins a write of the rows of keys in the table itself; done ends it.
func (c *recent) change(keys ...string) (done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	for _, key := range keys {
		c.forget(key)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.writes++
	}
}
