package r2

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// age makes the index by which oldest searches. A bucket without rules about
// objects has none, so that its puts do not pay for it.
func (b *diskBucket) age(_ context.Context, on bool) error {
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

func (b *diskBucket) oldest(_ context.Context, prefix, class string, after mark, until int64, limit int) ([]*Object, error) {
	if err := b.settled(); err != nil {
		return nil, err
	}
	rows, err := b.db.Readers.Query(`SELECT uploaded, key, storage_class, version FROM objects INDEXED BY objects_age
		WHERE (uploaded, key) > (?, ?) AND uploaded <= ? AND key >= ? AND key < ? AND (? = '' OR storage_class = ?)
		ORDER BY uploaded, key LIMIT ?`, after.millis, after.key, until, prefix, prefix+afterAll, class, class, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Object
	for rows.Next() {
		var o Object
		var uploaded int64
		if err := rows.Scan(&uploaded, &o.Key, &o.StorageClass, &o.Version); err != nil {
			return nil, err
		}
		o.Uploaded = time.UnixMilli(uploaded).UTC()
		out = append(out, &o)
	}
	return out, rows.Err()
}

func (b *diskBucket) removeThese(_ context.Context, objects []*Object) (gone []*Object, err error) {
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

func (b *diskBucket) classify(_ context.Context, objects []*Object, class string) error {
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
func (b *diskBucket) changeRows(keys []string, change func(*sql.Tx) ([]string, error)) (blobs []string, err error) {
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

func (b *diskBucket) oldestUpload(_ context.Context, prefix string) (created int64, found bool, err error) {
	err = b.db.Readers.QueryRow("SELECT created FROM uploads WHERE state = 0 AND key >= ? AND key < ? ORDER BY created LIMIT 1", prefix, prefix+afterAll).Scan(&created)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return created, err == nil, err
}

func (b *diskBucket) abortBefore(_ context.Context, prefix string, until int64) error {
	blobs, err := b.changeRows(nil, func(tx *sql.Tx) (blobs []string, err error) {
		blobs, err = column(tx, `DELETE FROM upload_parts WHERE upload IN
			(SELECT id FROM uploads WHERE state = 0 AND created <= ? AND key >= ? AND key < ?) RETURNING blob`, until, prefix, prefix+afterAll)
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec("UPDATE uploads SET state = ? WHERE state = 0 AND created <= ? AND key >= ? AND key < ?", stateAborted, until, prefix, prefix+afterAll)
		return blobs, err
	})
	if err != nil {
		return err
	}
	b.discard(blobs)
	return nil
}
