package disk

import (
	"context"
	"database/sql"
)

// Remove implements driver.Bucket.
func (b *Bucket) Remove(_ context.Context, keys []string) error {
	gone, err := b.delete(keys)
	if err != nil {
		return err
	}
	b.discard(gone)
	return nil
}

func (b *Bucket) delete(keys []string) (gone []string, err error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(keys...)()
	if len(keys) == 1 {
		was, err := previous(b.stmts.previous, keys[0])
		if err != nil || was == nil {
			return nil, err
		}
		if was.place != placeParts {
			if _, err := b.stmts.remove.Exec(keys[0]); err != nil {
				return nil, err
			}
			return was.release(nil)
		}
	}
	err = b.db.Write(func(tx *sql.Tx) error {
		before, remove := tx.Stmt(b.stmts.previous), tx.Stmt(b.stmts.remove)
		for _, key := range keys {
			was, err := previous(before, key)
			if err != nil {
				return err
			}
			if _, err := remove.Exec(key); err != nil {
				return err
			}
			blobs, err := was.release(tx)
			if err != nil {
				return err
			}
			gone = append(gone, blobs...)
		}
		return nil
	})
	return gone, err
}
