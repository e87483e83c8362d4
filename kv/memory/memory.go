package memory

import (
	"iter"
	"unsafe"

	"flint/internal/wal"
	"flint/kv/driver"
)

// memory is the working set of a namespace: the records of its keys, found by a
// hash, listed in the order of the keys, and the moments at which some of them
// expire. Every key has a number; the indexes hold numbers only, so that a
// million keys are no work for the garbage collector and a value can change
// without a look at the order. Its caller does the locking.
type memory struct {
	records   arena
	slots     slots
	index     hashIndex
	order     sorted[uint32, string]
	deadlines sorted[deadline, deadline]
	count     int
	bytes     int64 // what the records take in a log that holds nothing else
	loading   bool  // there is no order yet: see ready
	touched   byte  // keeps the compiler from leaving a look out
}

// deadline is the moment at which a key expires, ordered by moment and key: so
// what expires together is taken out of neighbouring places.
type deadline struct {
	at int64 // seconds since the epoch
	id uint32
}

// newMemory is an empty memory that takes a log in; ready ends that.
func newMemory() *memory {
	m := &memory{index: newHashIndex(), loading: true}
	m.order.before = func(id uint32, key string) bool { return m.key(id) < key }
	m.order.is = func(id uint32, key string) bool { return m.key(id) == key }
	m.deadlines.before = func(d, o deadline) bool { return d.at < o.at || d.at == o.at && m.key(d.id) < m.key(o.id) }
	m.deadlines.is = func(d, o deadline) bool { return d == o }
	return m
}

func (m *memory) record(id uint32) driver.Record { return m.records.at(m.slots.get(id)) }

// key is the name of a number. It points into the record.
func (m *memory) key(id uint32) string { return view(m.record(id).Key()) }

// view is b as a string, without a copy. Records never change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (m *memory) find(hash uint64, key string) (id uint32, ok bool) {
	return m.index.find(hash, func(id uint32) bool { return m.key(id) == key })
}

func (m *memory) get(key string) (driver.Record, bool) {
	id, ok := m.find(m.index.hash(key), key)
	if !ok {
		return nil, false
	}
	return m.record(id), true
}

// apply does what r says. It keeps a large record and copies a small one.
func (m *memory) apply(r driver.Record) {
	switch r.Op() {
	case driver.OpPut:
		m.put(r)
	case driver.OpDelete:
		key := view(r.Key())
		if id, ok := m.find(m.index.hash(key), key); ok {
			m.forget(m.record(id).Expiration(), id)
			m.remove(id)
		}
	case driver.OpExpire:
		for m.expire(r.Expiration(), sweepBatch) == sweepBatch {
		}
	}
}

func logBytes(r driver.Record) int64 { return int64(len(r)) + wal.HeaderSize }

func (m *memory) put(r driver.Record) {
	key := view(r.Key())
	hash := m.index.hash(key)
	id, replaces := m.find(hash, key)
	m.bytes += logBytes(r)
	if replaces {
		m.replace(id, r)
		return
	}
	id = m.slots.take()
	m.slots.set(id, m.records.add(r, id))
	m.index.add(hash, id)
	m.count++
	if !m.loading {
		m.order.put(key, id)
	}
	m.remember(r.Expiration(), id)
}

func (m *memory) replace(id uint32, r driver.Record) {
	place := m.slots.get(id)
	old := m.records.at(place)
	m.bytes -= logBytes(old)
	if was := old.Expiration(); was != r.Expiration() {
		m.forget(was, id)
		m.remember(r.Expiration(), id)
	}
	m.slots.set(id, m.records.add(r, id))
	m.drop(place)
}

func (m *memory) remember(at int64, id uint32) {
	if at != 0 {
		m.deadlines.put(deadline{at, id}, deadline{at, id})
	}
}

func (m *memory) forget(at int64, id uint32) {
	if at != 0 {
		m.deadlines.delete(deadline{at, id})
	}
}

// remove takes a key out of everything but the deadlines.
func (m *memory) remove(id uint32) {
	place := m.slots.get(id)
	r := m.records.at(place)
	key := view(r.Key())
	m.bytes -= logBytes(r)
	m.index.remove(m.index.hash(key), id)
	if !m.loading {
		m.order.delete(key)
	}
	m.slots.release(id)
	if m.count--; m.count == 0 {
		m.records, m.slots = arena{}, slots{}
		return
	}
	m.drop(place)
}

// drop gives the room of a record back that nothing points to any more.
func (m *memory) drop(place ref) {
	if m.records.drop(place) {
		m.records.leave(place.chunk(), func(id uint32, at ref) bool { return m.slots.get(id) == at }, m.slots.set)
	}
}

// earliest is the next moment at which a key expires, zero for none.
func (m *memory) earliest() int64 {
	d, _ := m.deadlines.first()
	return d.at
}

// expire removes up to most keys that expire at now or before, and says how many.
func (m *memory) expire(now int64, most int) int {
	n := 0
	for d := range m.deadlines.from(deadline{}) {
		if d.at > now || n == most {
			break
		}
		m.remove(d.id)
		n++
	}
	m.deadlines.dropFirst(n)
	return n
}

// from yields the records whose keys are not before key, in order.
func (m *memory) from(key string) iter.Seq[driver.Record] {
	return func(yield func(driver.Record) bool) {
		for id := range m.order.from(key) {
			if !yield(m.record(id)) {
				return
			}
		}
	}
}
