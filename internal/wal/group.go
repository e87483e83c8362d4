package wal

import "sync"

// Group lets many writers share one append. While one of them writes, those who
// come next gather, and one call writes for all of them. So a log with many
// writers is not slower than the kernel, and one writer waits for nobody.
type Group[T any] struct {
	// Commit writes what has gathered. It is called with Lock held.
	Commit func(items []T) error
	// Lock is what writers wait for, and gather meanwhile.
	Lock sync.Locker
	// MaxBytes is the most that one Commit gets, in the sizes told to Write.
	// One item may be larger.
	MaxBytes int

	gather    sync.Mutex
	gathering *gathered[T]
}

// gathered is what goes to the log in one call.
type gathered[T any] struct {
	items []T
	first [1]T // most are alone: they need no memory beside this
	bytes int
	done  chan struct{} // for those who do not write themselves; nil when there are none
	err   error
}

// Write hands item, of so many bytes, to Commit, alone or with others, and
// returns what Commit did.
func (g *Group[T]) Write(item T, bytes int) error {
	c, done := g.join(item, bytes)
	if done != nil {
		<-done
		return c.err
	}
	g.Lock.Lock()
	g.seal(c)
	c.err = g.Commit(c.items)
	g.Lock.Unlock()
	if c.done != nil {
		close(c.done)
	}
	return c.err
}

// Waiting is how many items the next Commit has so far.
func (g *Group[T]) Waiting() int {
	g.gather.Lock()
	defer g.gather.Unlock()
	if g.gathering == nil {
		return 0
	}
	return len(g.gathering.items)
}

// join adds an item to the commit that gathers. Who starts a new one has no
// channel to wait for: it must write.
func (g *Group[T]) join(item T, bytes int) (c *gathered[T], done chan struct{}) {
	g.gather.Lock()
	defer g.gather.Unlock()
	if c := g.gathering; c != nil && c.bytes+bytes <= g.MaxBytes {
		c.items, c.bytes = append(c.items, item), c.bytes+bytes
		if c.done == nil {
			c.done = make(chan struct{})
		}
		return c, c.done
	}
	c = &gathered[T]{first: [1]T{item}, bytes: bytes}
	c.items = c.first[:]
	g.gathering = c
	return c, nil
}

// seal ends the gathering of c.
func (g *Group[T]) seal(c *gathered[T]) {
	g.gather.Lock()
	defer g.gather.Unlock()
	if g.gathering == c {
		g.gathering = nil
	}
}
