package wal

import "sync"

// Group is a group commit: many writers share one append. While one commit runs,
// items of later writers are collected in a batch, which the first of them commits
// for all. A single writer is not delayed.
type Group[T any] struct {
	// Commit writes a batch. It is called with Lock held.
	Commit func(items []T) error
	// Lock serializes commits. A batch collects items until its writer has it.
	Lock sync.Locker
	// MaxBytes bounds a batch, in the sizes passed to Write. A single item may be
	// larger.
	MaxBytes int

	mu   sync.Mutex
	open *batch[T] // collects items; nil when there is none
}

// batch is a set of items that are committed together.
type batch[T any] struct {
	items []T
	first [1]T // memory of items while there is one, as in most batches
	bytes int
	done  chan struct{} // closed after the commit; nil while there is one writer
	err   error
}

// Write has item, whose size is bytes, committed alone or with others, and returns the
// result of that Commit.
func (g *Group[T]) Write(item T, bytes int) error {
	b, done := g.join(item, bytes)
	if done != nil {
		<-done
		return b.err
	}
	g.Lock.Lock()
	g.seal(b)
	b.err = g.Commit(b.items)
	g.Lock.Unlock()
	if b.done != nil {
		close(b.done)
	}
	return b.err
}

// Waiting is how many items are collected for the next Commit.
func (g *Group[T]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		return 0
	}
	return len(g.open.items)
}

// join adds an item to the open batch and returns the channel to wait on. If it opens a
// new batch, done is nil and the caller must commit it.
func (g *Group[T]) join(item T, bytes int) (b *batch[T], done chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.open; b != nil && b.bytes+bytes <= g.MaxBytes {
		b.items, b.bytes = append(b.items, item), b.bytes+bytes
		if b.done == nil {
			b.done = make(chan struct{})
		}
		return b, b.done
	}
	b = &batch[T]{first: [1]T{item}, bytes: bytes}
	b.items = b.first[:]
	g.open = b
	return b, nil
}

// seal keeps b from collecting more items.
func (g *Group[T]) seal(b *batch[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == b {
		g.open = nil
	}
}
