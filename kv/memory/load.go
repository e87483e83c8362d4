package memory

import (
	"cmp"
	"encoding/binary"
	"slices"

	"flint/kv/driver"
)

// loader takes the records of a log into memory. A record is found by three
// looks at places that no processor cache holds, and waiting for them is most of the time
// that a start takes. So records are taken a few at a time: a first pass looks
// at all their places, which the processor does side by side, and the second
// finds them near.
type loader struct {
	table   *table
	buf     []byte
	records []driver.Record // in buf
}

const (
	loadRecords = 256
	loadBytes   = 64 << 10
)

// add takes one record; its slice is used by the caller again.
func (l *loader) add(b []byte) error {
	r := driver.Record(b)
	if err := r.Check(); err != nil {
		return err
	}
	if r.Op() == driver.OpBatch {
		return r.Each(l.add)
	}
	if len(r) >= LargeRecordBytes {
		l.flush()
		l.table.apply(slices.Clone(r)) // memory keeps it
		return nil
	}
	if len(l.records) == loadRecords || len(l.buf)+len(r) > cap(l.buf) {
		l.flush()
	}
	at := len(l.buf)
	l.buf = append(l.buf, r...)
	l.records = append(l.records, l.buf[at:])
	return nil
}

func (l *loader) flush() {
	l.table.prefetch(l.records)
	for _, r := range l.records {
		l.table.apply(r)
	}
	l.buf, l.records = l.buf[:0], l.records[:0]
}

// load returns the function that takes a log's records, and the one to call at the
// end of the log.
func (t *table) load() (add func([]byte) error, ready func()) {
	l := &loader{table: t, buf: make([]byte, 0, loadBytes), records: make([]driver.Record, 0, loadRecords)}
	return l.add, func() {
		l.flush()
		t.finishLoading()
	}
}

// prefetch reads everything that finding the keys of records will read.
func (t *table) prefetch(records []driver.Record) {
	var near [loadRecords]struct {
		hash uint64
		slot uint64
		at   ref
	}
	for i, r := range records {
		near[i].hash = t.index.hash(view(r.Key()))
	}
	for i := range records {
		near[i].slot = t.index.prefetch(near[i].hash)
	}
	for i := range records {
		near[i].at = t.slots.prefetch(near[i].slot)
	}
	for i := range records {
		t.prefetched += t.records.prefetch(near[i].at)
	}
}

// prefetch reads the slot in which the search for a hash begins.
func (x *hashIndex) prefetch(hash uint64) uint64 {
	s := x.shard(hash)
	if len(s.slots) == 0 {
		return 0
	}
	return s.slots[int(uint32(hash))&(len(s.slots)-1)]
}

// prefetch reads the place of the number in a slot of the index.
func (s *slots) prefetch(slot uint64) ref {
	if slot == 0 {
		return vacant
	}
	return s.get(uint32(slot) - 1)
}

// prefetch reads a byte of the record at a place.
func (a *arena) prefetch(at ref) byte {
	if at&vacant != 0 {
		return 0
	}
	return a.chunks[at.chunk()].data[at.at()]
}

// finishLoading orders the keys that came from the log: at once, which is much faster
// than one by one.
func (t *table) finishLoading() {
	ids := make([]sortKey, 0, t.count)
	for id := range t.slots.used() {
		ids = append(ids, sortKey{id: id})
	}
	sortByKey(ids, 0, t.key)
	sorted := make([]uint32, len(ids))
	for i, k := range ids {
		sorted[i] = k.id
	}
	t.order.fill(sorted)
	t.loading = false
}

// sortKey is a key's number beside a piece of the key, which sorts a million keys
// several times faster than looking at the keys themselves. A piece is fifteen
// bytes and, below them, how many of the sixteenth and the fifteen there are:
// so a key that ends in the piece comes before those that go on, and only these
// need another look.
type sortKey struct {
	high, low uint64
	id        uint32
}

const pieceBytes = 15

func (k sortKey) compare(o sortKey) int {
	if k.high != o.high {
		return cmp.Compare(k.high, o.high)
	}
	return cmp.Compare(k.low, o.low)
}

func (k *sortKey) setPiece(rest string) {
	var piece [pieceBytes + 1]byte
	copy(piece[:pieceBytes], rest)
	piece[pieceBytes] = byte(min(len(rest), pieceBytes+1))
	k.high, k.low = binary.BigEndian.Uint64(piece[:]), binary.BigEndian.Uint64(piece[8:])
}

// sortByKey orders ids, whose keys are the same up to depth, by their keys.
func sortByKey(ids []sortKey, depth int, key func(uint32) string) {
	for i := range ids {
		ids[i].setPiece(key(ids[i].id)[depth:])
	}
	slices.SortFunc(ids, sortKey.compare)
	for start := 0; start < len(ids); {
		end := start + 1
		for end < len(ids) && ids[end].compare(ids[start]) == 0 {
			end++
		}
		if end > start+1 {
			sortByKey(ids[start:end], depth+pieceBytes, key)
		}
		start = end
	}
}
