package memory

import (
	"encoding/binary"

	"flint/kv/driver"
)

// arena holds the records of a namespace in blocks of memory. A million small
// records are then a thousand objects to Go's garbage collector, and a record
// costs no more than its length and owner beside its own bytes.
//
// A record is never overwritten: readers may keep what points into it, and a
// block that nothing points to any more is collected. A block of which more than
// half is unused is evacuated: the records in use move to the newest block.
type arena struct {
	chunks     []chunk
	freeChunks []uint32 // numbers of chunks that are not in use
	current    uint32   // the chunk that grows, if started
	started    bool
}

// chunk is one block: entries of length (4), owner (4) and record, or, for a
// large record, the record alone.
type chunk struct {
	data      []byte
	liveBytes int    // bytes of the entries that are in use
	owner     uint32 // of a large record
	large     bool
}

// ref is the place of a record: the chunk's number and the offset in it.
type ref uint64

func newRef(chunk uint32, at int) ref { return ref(chunk)<<32 | ref(at) }
func (r ref) chunk() uint32           { return uint32(r >> 32) }
func (r ref) at() int                 { return int(uint32(r)) }

const (
	chunkBytes  = 64 << 10
	entryHeader = 8
	// LargeRecordBytes is the size from which a record is a chunk of its own.
	LargeRecordBytes = 8 << 10
)

// add stores r for owner. A large record is kept as it is, a small one copied.
func (a *arena) add(r driver.Record, owner uint32) ref {
	if len(r) >= LargeRecordBytes {
		return newRef(a.addChunk(chunk{data: r, liveBytes: len(r), owner: owner, large: true}), 0)
	}
	size := entryHeader + len(r)
	if !a.started || len(a.chunks[a.current].data)+size > chunkBytes {
		a.current, a.started = a.addChunk(chunk{data: make([]byte, 0, a.newChunkBytes(size))}), true
	}
	c := &a.chunks[a.current]
	at := len(c.data)
	c.data = binary.LittleEndian.AppendUint32(c.data, uint32(len(r)))
	c.data = binary.LittleEndian.AppendUint32(c.data, owner)
	c.data = append(c.data, r...)
	c.liveBytes += size
	return newRef(a.current, at)
}

// newChunkBytes is the size of a new chunk. The first one grows as it is filled, because
// most namespaces are small.
func (a *arena) newChunkBytes(first int) int {
	if a.started {
		return chunkBytes
	}
	return first
}

func (a *arena) addChunk(c chunk) uint32 {
	if last := len(a.freeChunks) - 1; last >= 0 {
		n := a.freeChunks[last]
		a.freeChunks = a.freeChunks[:last]
		a.chunks[n] = c
		return n
	}
	a.chunks = append(a.chunks, c)
	return uint32(len(a.chunks) - 1)
}

func (a *arena) at(r ref) driver.Record {
	c := &a.chunks[r.chunk()]
	if c.large {
		return c.data
	}
	rest := c.data[r.at():]
	n := entryHeader + int(binary.LittleEndian.Uint32(rest))
	return driver.Record(rest[entryHeader:n:n])
}

// release frees a record. It reports whether its chunk should be evacuated.
func (a *arena) release(r ref) (evacuate bool) {
	c := &a.chunks[r.chunk()]
	if c.large {
		a.releaseChunk(r.chunk())
		return false
	}
	c.liveBytes -= entryHeader + len(a.at(r))
	if a.started && r.chunk() == a.current {
		return false
	}
	return c.liveBytes < chunkBytes/2
}

func (a *arena) releaseChunk(n uint32) {
	a.chunks[n] = chunk{}
	a.freeChunks = append(a.freeChunks, n)
}

// evacuate moves the records in use of a chunk to the newest one. owned reports whether
// the record at a place still belongs to its owner; moved is called with its new place.
func (a *arena) evacuate(n uint32, owned func(owner uint32, at ref) bool, moved func(owner uint32, to ref)) {
	data := a.chunks[n].data
	for at := 0; at < len(data); {
		size := entryHeader + int(binary.LittleEndian.Uint32(data[at:]))
		owner := binary.LittleEndian.Uint32(data[at+4:])
		if owned(owner, newRef(n, at)) {
			moved(owner, a.add(driver.Record(data[at+entryHeader:at+size]), owner))
		}
		at += size
	}
	a.releaseChunk(n)
}
