package kv

import "iter"

// memory is the working set of a namespace: the records of its keys in the
// order of the keys, and the moments at which some of them expire. Its caller
// does the locking.
type memory struct {
	keys      sorted[record, string]
	deadlines sorted[deadline, deadline]
	bytes     int64 // what the records take in a log that holds nothing else
}

// deadline is the moment at which a key expires, ordered by moment and key.
type deadline struct {
	at  int64 // seconds since the epoch
	key string
}

func (d deadline) before(o deadline) bool { return d.at < o.at || d.at == o.at && d.key < o.key }
func (d deadline) is(o deadline) bool     { return d == o }

// logFrame is what the log adds to a record, in bytes.
const logFrame = 8

func (m *memory) get(key string) (record, bool) { return m.keys.get(key) }

// apply does what r says.
func (m *memory) apply(r record) {
	switch r.op() {
	case opPut:
		m.put(r)
	case opDelete:
		m.delete(string(r.key()))
	case opExpire:
		for m.expire(r.expiration(), sweepBatch) == sweepBatch {
		}
	}
}

func (m *memory) put(r record) {
	key := string(r.key())
	old, replaced := m.keys.put(key, r)
	m.bytes += int64(len(r)) + logFrame
	at := r.expiration()
	if replaced {
		m.bytes -= int64(len(old)) + logFrame
		if old.expiration() == at {
			return
		}
		m.forget(key, old.expiration())
	}
	if at != 0 {
		m.deadlines.put(deadline{at, key}, deadline{at, key})
	}
}

func (m *memory) forget(key string, at int64) {
	if at != 0 {
		m.deadlines.delete(deadline{at, key})
	}
}

func (m *memory) delete(key string) bool {
	old, ok := m.keys.delete(key)
	if ok {
		m.bytes -= int64(len(old)) + logFrame
		m.forget(key, old.expiration())
	}
	return ok
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
		if old, ok := m.keys.delete(d.key); ok {
			m.bytes -= int64(len(old)) + logFrame
		}
		n++
	}
	m.deadlines.dropFirst(n)
	return n
}

// from yields the records whose keys are not before key, in order.
func (m *memory) from(key string) iter.Seq[record] { return m.keys.from(key) }
