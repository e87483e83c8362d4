package disk

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"flint/r2/driver"
)

// Age makes the index by which oldest searches. A bucket without rules about
// objects has none, so that its puts do not pay for it.
func (b *Bucket) Age(_ context.Context, on bool) error {
	if err := b.settled(); err != nil {
		return err
	}
	query := "DROP INDEX IF EXISTS objects_age"
	if on {
		query = "CREATE INDEX IF NOT EXISTS objects_age ON objects (uploaded, key, storage_class, version)"
	}
	_, err := b.db.Writer.Exec(query)
	return err
}

// Oldest implements driver.Bucket.
func (b *Bucket) Oldest(_ context.Context, prefix, class string, after driver.Mark, until int64, limit int) ([]*driver.Object, error) {
	if err := b.settled(); err != nil {
		return nil, err
	}
	rows, err := b.db.Readers.Query(`SELECT uploaded, key, storage_class, version FROM objects INDEXED BY objects_age
		WHERE (uploaded, key) > (?, ?) AND uploaded <= ? AND key >= ? AND key < ? AND (? = '' OR storage_class = ?)
		ORDER BY uploaded, key LIMIT ?`, after.Millis, after.Key, until, prefix, prefix+driver.AfterAll, class, class, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*driver.Object
	for rows.Next() {
		var o driver.Object
		var uploaded int64
		if err := rows.Scan(&uploaded, &o.Key, &o.StorageClass, &o.Version); err != nil {
			return nil, err
		}
		o.Uploaded = time.UnixMilli(uploaded).UTC()
		out = append(out, &o)
	}
	return out, rows.Err()
}

// RemoveThese implements driver.Bucket.
func (b *Bucket) RemoveThese(_ context.Context, objects []*driver.Object) (gone []*driver.Object, err error) {
	keys := make([]string, len(objects))
	for i, o := range objects {
		keys[i] = o.Key
	}
	blobs, err := b.changeRows(keys, func(tx *sql.Tx) (blobs []string, err error) {
		before, remove := tx.Stmt(b.stmts.previous), tx.Stmt(b.stmts.remove)
		for _, o := range objects {
			was, err := previous(before, o.Key)
			if err != nil {
				return nil, err
			}
			if was == nil || was.version != o.Version {
				continue
			}
			if _, err := remove.Exec(o.Key); err != nil {
				return nil, err
			}
			more, err := was.release(tx)
			if err != nil {
				return nil, err
			}
			blobs, gone = append(blobs, more...), append(gone, o)
		}
		return blobs, nil
	})
	if err != nil {
		return nil, err
	}
	b.discard(blobs)
	return gone, nil
}

// Classify implements driver.Bucket.
func (b *Bucket) Classify(_ context.Context, objects []*driver.Object, class string) error {
	keys := make([]string, len(objects))
	for i, o := range objects {
		keys[i] = o.Key
	}
	_, err := b.changeRows(keys, func(tx *sql.Tx) ([]string, error) {
		for _, o := range objects {
			if _, err := tx.Exec("UPDATE objects SET storage_class = ? WHERE key = ? AND version = ?", class, o.Key, o.Version); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}

// changeRows changes the rows of keys in one transaction.
func (b *Bucket) changeRows(keys []string, change func(*sql.Tx) ([]string, error)) (blobs []string, err error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(keys...)()
	err = b.db.Write(func(tx *sql.Tx) error {
		blobs, err = change(tx)
		return err
	})
	return blobs, err
}

// OldestUpload implements driver.Bucket.
func (b *Bucket) OldestUpload(_ context.Context, prefix string) (created int64, found bool, err error) {
	err = b.db.Readers.QueryRow("SELECT created FROM uploads WHERE state = 0 AND key >= ? AND key < ? ORDER BY created LIMIT 1", prefix, prefix+driver.AfterAll).Scan(&created)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return created, err == nil, err
}

// AbortBefore implements driver.Bucket.
func (b *Bucket) AbortBefore(_ context.Context, prefix string, until int64) error {
	blobs, err := b.changeRows(nil, func(tx *sql.Tx) (blobs []string, err error) {
		blobs, err = column(tx, `DELETE FROM upload_parts WHERE upload IN
			(SELECT id FROM uploads WHERE state = 0 AND created <= ? AND key >= ? AND key < ?) RETURNING blob`, until, prefix, prefix+driver.AfterAll)
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec("UPDATE uploads SET state = ? WHERE state = 0 AND created <= ? AND key >= ? AND key < ?", stateAborted, until, prefix, prefix+driver.AfterAll)
		return blobs, err
	})
	if err != nil {
		return err
	}
	b.discard(blobs)
	return nil
}
