package disk

import (
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"flint/internal/wal"
)

// A put of small content is acknowledged when the journal has it: one write to a file instead of
// a transaction. The rows reach the table together, when the journal is full,
// when the bucket is closed or opened, and before anything but a get, a head or
// another put looks at the table. Until then they are served from recent.

const journalFile = "puts.log"

// openJournal reads the puts that a killed run left, and writes them into the table.
func (b *Bucket) openJournal() (err error) {
	b.journal, err = wal.Open(filepath.Join(b.dir, journalFile), func(record []byte) error {
		r, err := decodeRow(record)
		if err == nil {
			b.recent.put(r)
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.settle()
}

// log makes r the row of its key. It is called with b.write held.
func (b *Bucket) log(r *row) error {
	if b.journal.Size() >= b.env.Journal || b.recent.unsettled() >= MaxUnsettled {
		if err := b.settle(); err != nil {
			return err
		}
	}
	record := r.encode()
	if err := b.journal.Append(record); err != nil {
		return err
	}
	if r.place == placeInline {
		r.data = record[len(record)-len(r.data):] // what it was belongs to the caller
	}
	b.recent.put(r)
	return nil
}

// settle writes into the table what only the journal has. It is called with
// b.write held. A kill in the middle of it leaves puts in both, which does no
// harm: nothing else is written before they have been settled again.
func (b *Bucket) settle() error {
	if b.recent.unsettled() == 0 {
		return nil
	}
	err := b.db.Write(func(tx *sql.Tx) error {
		put := tx.Stmt(b.stmts.put)
		for _, r := range b.recent.puts { // only who holds b.write changes it
			if _, err := put.Exec(r.args()...); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = b.journal.Clear()
	}
	if err != nil {
		return fmt.Errorf("move puts of bucket %s from its journal into its table: %w", b.name, err)
	}
	b.recent.settled()
	return nil
}

// settled is settle for one who only reads.
func (b *Bucket) settled() error {
	if b.recent.unsettled() == 0 {
		return nil
	}
	if err := b.lock(); err != nil {
		return err
	}
	defer b.write.Unlock()
	return b.settle()
}

// recordFormat begins every record.
const recordFormat = 1

func (r *row) texts() [7]*string {
	return [...]*string{&r.o.Key, &r.o.Version, &r.o.ETag, &r.o.StorageClass, &r.http, &r.custom, &r.checksums}
}

// encode is a row in the journal: numbers, texts after their lengths, content.
func (r *row) encode() []byte {
	record := append(make([]byte, 0, r.bytes()), recordFormat)
	for _, n := range [...]int64{r.o.Size, r.uploaded, int64(r.place)} {
		record = binary.AppendVarint(record, n)
	}
	for _, s := range r.texts() {
		record = append(binary.AppendUvarint(record, uint64(len(*s))), *s...)
	}
	return append(record, r.data...)
}

var errRecord = errors.New("a record that this version of flint cannot read")

func decodeRow(record []byte) (*row, error) {
	if len(record) == 0 || record[0] != recordFormat {
		return nil, errRecord
	}
	rest := record[1:]
	r := &row{}
	var place int64
	for _, n := range [...]*int64{&r.o.Size, &r.uploaded, &place} {
		v, size := binary.Varint(rest)
		if size <= 0 {
			return nil, errRecord
		}
		*n, rest = v, rest[size:]
	}
	for _, s := range r.texts() {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)-size) {
			return nil, errRecord
		}
		rest = rest[size:]
		*s, rest = string(rest[:n]), rest[n:]
	}
	if r.place = int(place); r.place == placeInline {
		r.data = append([]byte{}, rest...)
	}
	_, err := r.object()
	return r, err
}
