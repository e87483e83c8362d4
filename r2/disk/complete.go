package disk

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"fmt"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// CompleteUpload implements driver.Bucket.
func (b *Bucket) CompleteUpload(_ context.Context, key, id string, parts []driver.Part, opts driver.CompleteOptions) (*driver.Object, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(key)()
	var o *driver.Object
	var gone []string
	err := b.db.Write(func(tx *sql.Tx) error {
		m, err := b.inProgress(tx, key, id, cferr.Internal) // sic: 10001 for an unknown id
		if err != nil {
			return err
		}
		stored, err := storedParts(tx, id)
		if err != nil {
			return err
		}
		chosen, err := driver.Choose(stored, parts, b.env.MinPart)
		if err != nil {
			return err
		}
		if o, err = b.assembled(key, m, chosen); err != nil {
			return err
		}
		if err := opts.Check(o.Size, o.Checksums); err != nil {
			return err
		}
		gone, err = b.link(tx, o, m, id, chosen)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.discard(gone)
	return o, nil
}

// assembled is the object that the chosen parts make.
func (b *Bucket) assembled(key string, m *multipart, chosen []driver.StoredPart) (*driver.Object, error) {
	sums, err := driver.Combine(m.checksum, chosen)
	if err != nil {
		return nil, err
	}
	now := b.env.Clock.Now().UnixMilli()
	r := row{
		o:    driver.Object{Key: key, Version: b.env.NewID(16), StorageClass: m.class},
		http: m.http, custom: m.custom, uploaded: now, checksums: sums.Text(m.seal),
	}
	sum := md5.New()
	for _, p := range chosen {
		sum.Write(p.Md5)
		r.o.Size += p.Size
	}
	r.o.ETag = fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(chosen))
	return r.object()
}

// link writes the object's rows, closes the upload, and returns the blobs that
// nothing names any more.
func (b *Bucket) link(tx *sql.Tx, o *driver.Object, m *multipart, id string, chosen []driver.StoredPart) ([]string, error) {
	was, err := previous(tx.Stmt(b.stmts.previous), o.Key)
	if err != nil {
		return nil, err
	}
	gone, err := was.release(tx)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Stmt(b.stmts.put).Exec(o.Key, o.Version, o.Size, o.ETag, o.Uploaded.UnixMilli(),
		o.StorageClass, m.http, m.custom, o.Checksums.Text(m.seal), placeParts, nil); err != nil {
		return nil, err
	}
	named := make(map[string]bool, len(chosen))
	for i, p := range chosen {
		named[p.Blob] = true
		if _, err := tx.Exec("INSERT INTO object_parts VALUES (?, ?, ?, ?)", o.Version, i, p.Blob, p.Size); err != nil {
			return nil, err
		}
	}
	left, err := finish(tx, id, stateCompleted)
	if err != nil {
		return nil, err
	}
	for _, blob := range left {
		if !named[blob] {
			gone = append(gone, blob)
		}
	}
	return gone, nil
}

// finish ends an upload and returns the blobs of all its parts.
func finish(tx *sql.Tx, id string, state int) ([]string, error) {
	if _, err := tx.Exec("UPDATE uploads SET state = ? WHERE id = ?", state, id); err != nil {
		return nil, err
	}
	return column(tx, "DELETE FROM upload_parts WHERE upload = ? RETURNING blob", id)
}

func storedParts(tx *sql.Tx, id string) (map[int]driver.StoredPart, error) {
	rows, err := tx.Query("SELECT part, blob, size, etag, md5, checksum FROM upload_parts WHERE upload = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	stored := map[int]driver.StoredPart{}
	for rows.Next() {
		var p driver.StoredPart
		if err := rows.Scan(&p.Number, &p.Blob, &p.Size, &p.Etag, &p.Md5, &p.Sum); err != nil {
			return nil, err
		}
		stored[p.Number] = p
	}
	return stored, rows.Err()
}
