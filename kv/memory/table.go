package memory

import (
	"iter"
	"unsafe"

	"flint/internal/wal"
	"flint/kv/driver"
)

// table holds the entries of a namespace: the records of its keys, found by a
// hash, listed in the order of the keys, and the moments at which some of them
// expire. Every key has a number; the indexes hold numbers only, so that a
// million keys are no work for the garbage collector and a value can change
// without a look at the order. Its caller does the locking.
type table struct {
	records    arena
	slots      slots
	index      hashIndex
	order      sorted[uint32, string]
	deadlines  sorted[deadline, deadline]
	count      int
	bytes      int64 // what the records take in a log that holds nothing else
	loading    bool  // there is no order yet: see finishLoading
	prefetched byte  // keeps the compiler from removing prefetch
}

// deadline is the moment at which a key expires, ordered by moment and key: so
// what expires together is taken out of neighbouring places.
type deadline struct {
	second int64 // seconds since the epoch
	id     uint32
}

// newTable is an empty table that loads a log; finishLoading ends that.
func newTable() *table {
	t := &table{index: newHashIndex(), loading: true}
	t.order.before = func(id uint32, key string) bool { return t.key(id) < key }
	t.order.is = func(id uint32, key string) bool { return t.key(id) == key }
	t.deadlines.before = func(d, o deadline) bool {
		return d.second < o.second || d.second == o.second && t.key(d.id) < t.key(o.id)
	}
	t.deadlines.is = func(d, o deadline) bool { return d == o }
	return t
}

func (t *table) record(id uint32) driver.Record { return t.records.at(t.slots.get(id)) }

// key is the name of a number. It points into the record.
func (t *table) key(id uint32) string { return view(t.record(id).Key()) }

// view is b as a string, without a copy. Records never change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (t *table) findID(hash uint64, key string) (id uint32, ok bool) {
	return t.index.find(hash, func(id uint32) bool { return t.key(id) == key })
}

func (t *table) get(key string) (driver.Record, bool) {
	id, ok := t.findID(t.index.hash(key), key)
	if !ok {
		return nil, false
	}
	return t.record(id), true
}

// apply does what r says. It keeps a large record and copies a small one.
func (t *table) apply(r driver.Record) {
	switch r.Op() {
	case driver.OpPut:
		t.put(r)
	case driver.OpDelete:
		key := view(r.Key())
		if id, ok := t.findID(t.index.hash(key), key); ok {
			t.removeDeadline(t.record(id).Expiration(), id)
			t.remove(id)
		}
	case driver.OpExpire:
		for t.expire(r.Expiration(), sweepBatch) == sweepBatch {
		}
	}
}

func logBytes(r driver.Record) int64 { return int64(len(r)) + wal.HeaderSize }

func (t *table) put(r driver.Record) {
	key := view(r.Key())
	hash := t.index.hash(key)
	id, replaces := t.findID(hash, key)
	t.bytes += logBytes(r)
	if replaces {
		t.replace(id, r)
		return
	}
	id = t.slots.allocate()
	t.slots.set(id, t.records.add(r, id))
	t.index.add(hash, id)
	t.count++
	if !t.loading {
		t.order.put(key, id)
	}
	t.addDeadline(r.Expiration(), id)
}

func (t *table) replace(id uint32, r driver.Record) {
	place := t.slots.get(id)
	old := t.records.at(place)
	t.bytes -= logBytes(old)
	if was := old.Expiration(); was != r.Expiration() {
		t.removeDeadline(was, id)
		t.addDeadline(r.Expiration(), id)
	}
	t.slots.set(id, t.records.add(r, id))
	t.releaseRecord(place)
}

func (t *table) addDeadline(at int64, id uint32) {
	if at != 0 {
		t.deadlines.put(deadline{at, id}, deadline{at, id})
	}
}

func (t *table) removeDeadline(at int64, id uint32) {
	if at != 0 {
		t.deadlines.delete(deadline{at, id})
	}
}

// remove takes a key out of everything but the deadlines.
func (t *table) remove(id uint32) {
	place := t.slots.get(id)
	r := t.records.at(place)
	key := view(r.Key())
	t.bytes -= logBytes(r)
	t.index.remove(t.index.hash(key), id)
	if !t.loading {
		t.order.delete(key)
	}
	t.slots.release(id)
	if t.count--; t.count == 0 {
		t.records, t.slots = arena{}, slots{}
		return
	}
	t.releaseRecord(place)
}

// releaseRecord frees a record that nothing points to any more, and evacuates its
// chunk when that is mostly unused.
func (t *table) releaseRecord(place ref) {
	if t.records.release(place) {
		t.records.evacuate(place.chunk(), func(id uint32, at ref) bool { return t.slots.get(id) == at }, t.slots.set)
	}
}

// earliest is the next moment at which a key expires, zero for none.
func (t *table) earliest() int64 {
	d, _ := t.deadlines.first()
	return d.second
}

// expire removes up to most keys that expire at now or before, and says how many.
func (t *table) expire(now int64, most int) int {
	n := 0
	for d := range t.deadlines.from(deadline{}) {
		if d.second > now || n == most {
			break
		}
		t.remove(d.id)
		n++
	}
	t.deadlines.dropFirst(n)
	return n
}

// from yields the records whose keys are not before key, in order.
func (t *table) from(key string) iter.Seq[driver.Record] {
	return func(yield func(driver.Record) bool) {
		for id := range t.order.from(key) {
			if !yield(t.record(id)) {
				return
			}
		}
	}
}
