package memory

import (
	"iter"
	"slices"
)

// sorted is an ordered set: a list of blocks of items, the smallest B-tree that
// is fast at a few million items. A lookup is two binary searches, an insertion
// moves at most a block, and an item costs little more than its own size.
// before and is order an item by a key.
type sorted[T, K any] struct {
	before func(x T, key K) bool
	is     func(x T, key K) bool
	blocks [][]T // none is empty
	count  int
}

// maxBlock is the size at which a block is split.
const maxBlock = 512

// seek finds the first item that is not before key. The block may be one past
// the last.
func (s *sorted[T, K]) seek(key K) (block, at int) {
	lo, hi := 0, len(s.blocks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if b := s.blocks[mid]; s.before(b[len(b)-1], key) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if block = lo; block == len(s.blocks) {
		return block, 0
	}
	b := s.blocks[block]
	lo, hi = 0, len(b)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.before(b[mid], key) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return block, lo
}

// get finds the item of key.
func (s *sorted[T, K]) get(key K) (found T, ok bool) {
	if b, i := s.seek(key); b < len(s.blocks) && s.is(s.blocks[b][i], key) {
		return s.blocks[b][i], true
	}
	return found, false
}

// put inserts x, whose key is key, and returns the item that it replaces.
func (s *sorted[T, K]) put(key K, x T) (old T, replaced bool) {
	b, i := s.seek(key)
	if b < len(s.blocks) && s.is(s.blocks[b][i], key) {
		old, s.blocks[b][i] = s.blocks[b][i], x
		return old, true
	}
	s.count++
	if b == len(s.blocks) {
		s.push(x)
		return old, false
	}
	s.blocks[b] = slices.Insert(s.blocks[b], i, x)
	if len(s.blocks[b]) > maxBlock {
		s.split(b)
	}
	return old, false
}

// push adds x behind everything else. Blocks filled in order become full.
func (s *sorted[T, K]) push(x T) {
	if last := len(s.blocks) - 1; last >= 0 && len(s.blocks[last]) < maxBlock {
		s.blocks[last] = append(s.blocks[last], x)
		return
	}
	s.blocks = append(s.blocks, []T{x})
}

// fill makes the set of items that are in order already. Blocks are left with
// room for more.
func (s *sorted[T, K]) fill(items []T) {
	s.blocks, s.count = nil, len(items)
	for part := range slices.Chunk(items, maxBlock*3/4) {
		s.blocks = append(s.blocks, slices.Clone(part))
	}
}

func (s *sorted[T, K]) split(b int) {
	full := s.blocks[b]
	half := len(full) / 2
	right := slices.Clone(full[half:])
	clear(full[half:]) // the right half must not be kept alive twice
	s.blocks[b] = full[:half]
	s.blocks = slices.Insert(s.blocks, b+1, right)
}

// delete removes the item of key and returns it.
func (s *sorted[T, K]) delete(key K) (old T, ok bool) {
	b, i := s.seek(key)
	if b == len(s.blocks) || !s.is(s.blocks[b][i], key) {
		return old, false
	}
	old = s.blocks[b][i]
	s.count--
	s.blocks[b] = slices.Delete(s.blocks[b], i, i+1)
	s.merge(b)
	return old, true
}

// merge gives memory back: an empty block goes, a small one joins its neighbour.
func (s *sorted[T, K]) merge(b int) {
	if len(s.blocks[b]) == 0 {
		s.blocks = slices.Delete(s.blocks, b, b+1)
		return
	}
	if next := b + 1; next < len(s.blocks) && len(s.blocks[b])+len(s.blocks[next]) <= maxBlock/2 {
		s.blocks[b] = append(s.blocks[b], s.blocks[next]...)
		s.blocks = slices.Delete(s.blocks, next, next+1)
	}
}

// first is the smallest item.
func (s *sorted[T, K]) first() (x T, ok bool) {
	if len(s.blocks) == 0 {
		return x, false
	}
	return s.blocks[0][0], true
}

// dropFirst removes the n smallest items.
func (s *sorted[T, K]) dropFirst(n int) {
	s.count -= n
	whole := 0
	for n > 0 && len(s.blocks[whole]) <= n {
		n -= len(s.blocks[whole])
		whole++
	}
	s.blocks = slices.Delete(s.blocks, 0, whole)
	if n > 0 {
		s.blocks[0] = slices.Delete(s.blocks[0], 0, n)
	}
}

// from yields the items that are not before key, in order. The set must not
// change meanwhile.
func (s *sorted[T, K]) from(key K) iter.Seq[T] {
	return func(yield func(T) bool) {
		b, i := s.seek(key)
		for ; b < len(s.blocks); b, i = b+1, 0 {
			for _, x := range s.blocks[b][i:] {
				if !yield(x) {
					return
				}
			}
		}
	}
}
