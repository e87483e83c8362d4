package memory

import "hash/maphash"

// hashIndex finds the number of a key by the hash of the key: one look, however
// many keys there are, where the ordered index needs twenty. It knows no keys:
// its caller compares them. It is split into shards, so that growing one does not
// take long.
type hashIndex struct {
	seed   maphash.Seed
	shards [indexShards]shard
}

const (
	indexShards = 64
	minShard    = 8
)

// shard is a table with linear probing. A slot holds the lower half of a hash
// and the key's number plus one; zero is empty.
type shard struct {
	slots []uint64
	used  int
}

func newHashIndex() hashIndex { return hashIndex{seed: maphash.MakeSeed()} }

func (x *hashIndex) hash(key string) uint64 { return maphash.String(x.seed, key) }

func (x *hashIndex) shard(hash uint64) *shard { return &x.shards[hash>>58] }

// find returns the number whose key has this hash and for which matches is true.
func (x *hashIndex) find(hash uint64, matches func(id uint32) bool) (id uint32, ok bool) {
	s := x.shard(hash)
	if at := s.find(uint32(hash), matches); at >= 0 {
		return uint32(s.slots[at]) - 1, true
	}
	return 0, false
}

// add inserts a number that is not there yet.
func (x *hashIndex) add(hash uint64, id uint32) {
	s := x.shard(hash)
	if (s.used+1)*4 > len(s.slots)*3 {
		s.resize(max(2*len(s.slots), minShard))
	}
	s.insert(uint64(uint32(hash))<<32 | uint64(id+1))
	s.used++
}

// remove deletes a number.
func (x *hashIndex) remove(hash uint64, id uint32) {
	s := x.shard(hash)
	at := s.find(uint32(hash), func(other uint32) bool { return other == id })
	if at < 0 {
		return
	}
	s.removeSlot(at)
	s.used--
	switch {
	case s.used == 0:
		s.slots = nil
	case len(s.slots) > minShard && s.used*8 < len(s.slots):
		s.resize(len(s.slots) / 2)
	}
}

func (s *shard) find(hash uint32, matches func(uint32) bool) int {
	if len(s.slots) == 0 {
		return -1
	}
	mask := len(s.slots) - 1
	for at := int(hash) & mask; s.slots[at] != 0; at = (at + 1) & mask {
		if slot := s.slots[at]; uint32(slot>>32) == hash && matches(uint32(slot)-1) {
			return at
		}
	}
	return -1
}

func (s *shard) insert(slot uint64) {
	mask := len(s.slots) - 1
	at := int(slot>>32) & mask
	for s.slots[at] != 0 {
		at = (at + 1) & mask
	}
	s.slots[at] = slot
}

// removeSlot empties a slot and moves those behind it up that were pushed away from
// their place, so that no search stops too early.
func (s *shard) removeSlot(hole int) {
	mask := len(s.slots) - 1
	for at := (hole + 1) & mask; s.slots[at] != 0; at = (at + 1) & mask {
		ideal := int(s.slots[at]>>32) & mask
		if (at-ideal)&mask >= (at-hole)&mask {
			s.slots[hole] = s.slots[at]
			hole = at
		}
	}
	s.slots[hole] = 0
}

func (s *shard) resize(size int) {
	old := s.slots
	s.slots = make([]uint64, size)
	for _, slot := range old {
		if slot != 0 {
			s.insert(slot)
		}
	}
}
