package r2

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"flint/internal/cferr"
)

// storedPart is a row of upload_parts.
type storedPart struct {
	number     int
	blob, etag string
	size       int64
	md5, sum   []byte // sum: by the upload's algorithm
}

func storedParts(tx *sql.Tx, id string) (map[int]storedPart, error) {
	rows, err := tx.Query("SELECT part, blob, size, etag, md5, checksum FROM upload_parts WHERE upload = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	stored := map[int]storedPart{}
	for rows.Next() {
		var p storedPart
		if err := rows.Scan(&p.number, &p.blob, &p.size, &p.etag, &p.md5, &p.sum); err != nil {
			return nil, err
		}
		stored[p.number] = p
	}
	return stored, rows.Err()
}

// CompleteMultipart makes an object of the named parts, in the order of their
// numbers; the other parts are dropped. All parts but the last have the same
// size, of at least MinPartSize, and the last one is not larger.
func (b *Bucket) CompleteMultipart(ctx context.Context, key, id string, parts []Part) (*Object, error) {
	return b.CompleteMultipartWith(ctx, key, id, parts, CompleteOptions{})
}

// CompleteMultipartWith is CompleteMultipart of an object of which the client
// knows something: if it is not so, no object is made.
func (b *Bucket) CompleteMultipartWith(ctx context.Context, key, id string, parts []Part, opts CompleteOptions) (*Object, error) {
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return nil, err
	}
	news, err := b.announce(ActionCompleteMultipart, nil, key)
	if err != nil {
		return nil, named(err)
	}
	o, err := b.driver.completeUpload(ctx, key, id, parts, opts)
	return b.created(ctx, news, o, err)
}

func (b *diskBucket) completeUpload(_ context.Context, key, id string, parts []Part, opts CompleteOptions) (*Object, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(key)()
	var o *Object
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
		chosen, err := choose(stored, parts, b.store.minPart)
		if err != nil {
			return err
		}
		if o, err = b.assembled(key, m, chosen); err != nil {
			return err
		}
		if err := opts.check(o.Size, o.Checksums); err != nil {
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

// choose finds the parts that the client names and holds them against R2's rules.
func choose(stored map[int]storedPart, parts []Part, minSize int64) ([]storedPart, error) {
	chosen := make([]storedPart, 0, len(parts))
	seen := make(map[int]bool, len(parts))
	for _, p := range parts {
		if seen[p.Number] {
			return nil, cferr.Internal
		}
		seen[p.Number] = true
	}
	for _, p := range parts {
		s, ok := stored[p.Number]
		if !ok || s.etag != p.ETag || p.Sum != nil && !bytes.Equal(p.Sum, s.sum) {
			return nil, ErrInvalidPart
		}
		chosen = append(chosen, s)
	}
	if len(chosen) < 2 {
		return chosen, nil
	}
	for _, s := range chosen[:len(chosen)-1] {
		if s.size < minSize {
			return nil, ErrEntityTooSmall
		}
	}
	slices.SortFunc(chosen, func(a, b storedPart) int { return a.number - b.number })
	size, last := chosen[0].size, chosen[len(chosen)-1]
	for _, s := range chosen[:len(chosen)-1] {
		if s.size < minSize || s.size != size {
			return nil, ErrBadUpload
		}
	}
	if last.size > size {
		return nil, ErrBadUpload
	}
	return chosen, nil
}

// assembled is the object that the chosen parts make.
func (b *diskBucket) assembled(key string, m *multipart, chosen []storedPart) (*Object, error) {
	sums, err := combine(m.checksum, chosen)
	if err != nil {
		return nil, err
	}
	now := b.store.clock.Now().UnixMilli()
	r := row{
		o:    Object{Key: key, Version: b.store.newID(16), StorageClass: m.class},
		http: m.http, custom: m.custom, uploaded: now, checksums: sums.text(m.seal),
	}
	sum := md5.New()
	for _, p := range chosen {
		sum.Write(p.md5)
		r.o.Size += p.size
	}
	r.o.ETag = fmt.Sprintf("%s-%d", hex.EncodeToString(sum.Sum(nil)), len(chosen))
	return r.object()
}

// link writes the object's rows, closes the upload, and returns the blobs that
// nothing names any more.
func (b *diskBucket) link(tx *sql.Tx, o *Object, m *multipart, id string, chosen []storedPart) ([]string, error) {
	was, err := previous(tx.Stmt(b.stmts.previous), o.Key)
	if err != nil {
		return nil, err
	}
	gone, err := was.release(tx)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Stmt(b.stmts.put).Exec(o.Key, o.Version, o.Size, o.ETag, o.Uploaded.UnixMilli(),
		o.StorageClass, m.http, m.custom, o.Checksums.text(m.seal), placeParts, nil); err != nil {
		return nil, err
	}
	named := make(map[string]bool, len(chosen))
	for i, p := range chosen {
		named[p.blob] = true
		if _, err := tx.Exec("INSERT INTO object_parts VALUES (?, ?, ?, ?)", o.Version, i, p.blob, p.size); err != nil {
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
