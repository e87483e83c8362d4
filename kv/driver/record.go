package driver

import (
	"encoding/binary"
	"errors"
)

// Record is one entry as it stands in the log, and a stored key is nothing but
// its put record: one allocation holds name, metadata and value. A record
// never changes after it was made, so what points into it may be handed out.
//
//	op (1) | key length (2) | metadata length (2) | expiration (8) | key | metadata | value
//
// Numbers are little endian. The expiration is in seconds since the epoch,
// zero for never.
type Record []byte

// RecordHeaderBytes is what stands before the key, in bytes.
const RecordHeaderBytes = 13

// Operations of a record.
const (
	OpPut    = 1
	OpDelete = 2
	OpExpire = 3 // everything that expires up to the record's expiration is gone
	OpBatch  = 4 // the value is records behind their lengths (4): all of them or, torn, none
)

// NewRecord makes a record with room for a value of size bytes, not filled yet.
func NewRecord(op byte, key string, metadata []byte, expiration int64, size int) Record {
	r := make(Record, RecordHeaderBytes+len(key)+len(metadata)+size)
	r[0] = op
	binary.LittleEndian.PutUint16(r[1:], uint16(len(key)))
	binary.LittleEndian.PutUint16(r[3:], uint16(len(metadata)))
	binary.LittleEndian.PutUint64(r[5:], uint64(expiration))
	copy(r[RecordHeaderBytes:], key)
	copy(r[RecordHeaderBytes+len(key):], metadata)
	return r
}

// Op is the operation.
func (r Record) Op() byte     { return r[0] }
func (r Record) keyEnd() int  { return RecordHeaderBytes + int(binary.LittleEndian.Uint16(r[1:])) }
func (r Record) metaEnd() int { return r.keyEnd() + int(binary.LittleEndian.Uint16(r[3:])) }

// Expiration is in seconds since the epoch, 0 for never.
func (r Record) Expiration() int64 { return int64(binary.LittleEndian.Uint64(r[5:])) }

// Key is the name. It must not be changed.
func (r Record) Key() []byte { return r[RecordHeaderBytes:r.keyEnd():r.keyEnd()] }

// Value may be filled by whoever made the record, and not changed afterwards.
func (r Record) Value() []byte { return r[r.metaEnd():len(r):len(r)] }

// Metadata is nil when there is none.
func (r Record) Metadata() []byte {
	start, end := r.keyEnd(), r.metaEnd()
	if start == end {
		return nil
	}
	return r[start:end:end]
}

// Check refuses what newRecord cannot have made.
func (r Record) Check() error {
	if len(r) < RecordHeaderBytes || r.metaEnd() > len(r) {
		return errors.New("a record is too short")
	}
	if r.Op() < OpPut || r.Op() > OpBatch {
		return errors.New("a record of an unknown kind; was it written by a newer flint?")
	}
	return nil
}

// Batch is one record of several, so that the log has all or none.
func Batch(records []Record) (Record, error) {
	size := 0
	for _, r := range records {
		size += 4 + len(r)
	}
	if size > maxBatch {
		return nil, errLongBatch(size)
	}
	b := NewRecord(OpBatch, "", nil, 0, size)
	at := b[:RecordHeaderBytes]
	for _, r := range records {
		at = binary.LittleEndian.AppendUint32(at, uint32(len(r)))
		at = append(at, r...)
	}
	return b, nil
}

// Each calls f for the records of a batch.
func (r Record) Each(f func([]byte) error) error {
	for rest := r.Value(); len(rest) > 0; {
		if len(rest) < 4 || len(rest)-4 < int(binary.LittleEndian.Uint32(rest)) {
			return errors.New("a record of a batch is too short")
		}
		end := 4 + int(binary.LittleEndian.Uint32(rest))
		if err := f(rest[4:end]); err != nil {
			return err
		}
		rest = rest[end:]
	}
	return nil
}
