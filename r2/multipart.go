package r2

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"flint/internal/cferr"
)

// Part names an uploaded part.
type Part struct {
	Number int
	ETag   string
}

// MultipartOptions go with a multipart upload.
type MultipartOptions struct {
	HTTP         HTTPMetadata
	Custom       []Field
	StorageClass string   // empty: the bucket's
	SSECKey      *SSECKey // every part comes with it; nil for none
}

const (
	stateInProgress = iota
	stateCompleted
	stateAborted
)

// CreateMultipart begins a multipart upload and returns its id.
// https://developers.cloudflare.com/r2/api/workers/workers-multipart-usage/
func (b *Bucket) CreateMultipart(ctx context.Context, key string, opts MultipartOptions) (id string, err error) {
	if err := errors.Join(ctx.Err(), checkKey(key), checkMetadata(opts.Custom)); err != nil {
		return "", err
	}
	if opts.StorageClass, err = storageClass(opts.StorageClass, *b.class.Load()); err != nil {
		return "", err
	}
	if err := b.canEncrypt(opts.SSECKey); err != nil {
		return "", err
	}
	if id, err = b.driver.createUpload(ctx, key, opts); err == nil {
		b.born(key, b.store.clock.Now(), true)
	}
	return id, named(err)
}

func (b *diskBucket) createUpload(_ context.Context, key string, opts MultipartOptions) (id string, err error) {
	http, custom, err := encodeMetadata(opts.HTTP, opts.Custom)
	if err != nil {
		return "", err
	}
	if err := b.lock(); err != nil {
		return "", err
	}
	defer b.write.Unlock()
	id = b.store.newID(32)
	_, err = b.db.Writer.Exec("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id, key, b.store.clock.Now().UnixMilli(), opts.StorageClass, http, custom, stateInProgress, opts.SSECKey.seal(id))
	return id, err
}

// UploadPart stores one part, in place of an earlier one of the same number,
// and returns its ETag. size is negative if it is not known.
func (b *Bucket) UploadPart(ctx context.Context, key, id string, number int, content io.Reader, size int64) (etag string, err error) {
	return b.UploadPartSSEC(ctx, key, id, number, content, size, nil)
}

// UploadPartSSEC is UploadPart with the key that the upload was created with;
// nil for none. Of another key it returns ErrSSECKeyRequired,
// ErrSSECKeyMismatch or ErrSSECNotApplicable.
func (b *Bucket) UploadPartSSEC(ctx context.Context, key, id string, number int, content io.Reader, size int64, with *SSECKey) (etag string, err error) {
	if err := checkPart(key, number); err != nil {
		return "", err
	}
	if size > MaxPutSize {
		return "", ErrEntityTooLarge
	}
	if with == nil {
		etag, err = b.driver.uploadPart(ctx, key, id, number, content, size)
		return etag, named(err)
	}
	if err := b.canEncrypt(with); err != nil {
		return "", err
	}
	etag, err = b.driver.(encrypter).uploadPartSSEC(ctx, key, id, number, content, size, with)
	return etag, named(err)
}

func checkPart(key string, number int) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if number < 1 || number > MaxParts {
		return errInvalidPartNumber
	}
	return nil
}

func (b *diskBucket) uploadPart(ctx context.Context, key, id string, number int, content io.Reader, size int64) (etag string, err error) {
	return b.uploadPartSSEC(ctx, key, id, number, content, size, nil)
}

func (b *diskBucket) uploadPartSSEC(ctx context.Context, key, id string, number int, content io.Reader, size int64, with *SSECKey) (etag string, err error) {
	u := &upload{version: b.store.newID(16)}
	if err := b.receiveBlob(ctx, u, content, PutOptions{Size: size, SSECKey: with}); err != nil {
		return "", err
	}
	if err := b.blobs.date(u.version, b.store.clock.Now()); err != nil {
		b.discard([]string{u.version})
		return "", err
	}
	etag = b.store.newID(16)
	gone, err := b.commitPart(key, id, number, etag, u, with)
	if err != nil {
		gone = []string{u.version}
	}
	b.discard(gone)
	return etag, err
}

func (b *diskBucket) commitPart(key, id string, number int, etag string, u *upload, with *SSECKey) (gone []string, err error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	err = b.db.Write(func(tx *sql.Tx) error {
		m, err := b.inProgress(tx, key, id, ErrNoSuchUpload)
		if err != nil {
			return err
		}
		if err := checkSSEC(m.seal, with); err != nil {
			return err
		}
		if gone, err = column(tx, "DELETE FROM upload_parts WHERE upload = ? AND part = ? RETURNING blob", id, number); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO upload_parts VALUES (?, ?, ?, ?, ?, ?)", id, number, u.version, u.size, etag, u.sums.MD5)
		return err
	})
	return gone, err
}

// multipart is a row of uploads.
type multipart struct {
	class, http, custom string
	seal                string // of the client's key
	state               int
}

// rower is a transaction or a database.
type rower interface {
	QueryRow(query string, args ...any) *sql.Row
}

// findUpload returns an upload of key, or unknown.
func findUpload(db rower, key, id string, unknown *cferr.Error) (*multipart, error) {
	var m multipart
	err := db.QueryRow("SELECT storage_class, http, custom, ssec, state FROM uploads WHERE id = ? AND key = ?", id, key).
		Scan(&m.class, &m.http, &m.custom, &m.seal, &m.state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, unknown
	}
	return &m, err
}

// inProgress returns an upload that can go on. A finished one, and one that a
// lifecycle rule has aborted, is ErrNoSuchUpload.
func (b *diskBucket) inProgress(db rower, key, id string, unknown *cferr.Error) (*multipart, error) {
	m, err := findUpload(db, key, id, unknown)
	if err != nil {
		return nil, err
	}
	if m.state != stateInProgress {
		return nil, ErrNoSuchUpload
	}
	return m, nil
}

// storedPart is a row of upload_parts.
type storedPart struct {
	number     int
	blob, etag string
	size       int64
	md5        []byte
}

func storedParts(tx *sql.Tx, id string) (map[int]storedPart, error) {
	rows, err := tx.Query("SELECT part, blob, size, etag, md5 FROM upload_parts WHERE upload = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	stored := map[int]storedPart{}
	for rows.Next() {
		var p storedPart
		if err := rows.Scan(&p.number, &p.blob, &p.size, &p.etag, &p.md5); err != nil {
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
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return nil, err
	}
	news, err := b.announce(ActionCompleteMultipart, nil, key)
	if err != nil {
		return nil, named(err)
	}
	o, err := b.driver.completeUpload(ctx, key, id, parts)
	return b.created(ctx, news, o, err)
}

func (b *diskBucket) completeUpload(_ context.Context, key, id string, parts []Part) (*Object, error) {
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
		if !ok || s.etag != p.ETag {
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
	now := b.store.clock.Now().UnixMilli()
	r := row{
		o:    Object{Key: key, Version: b.store.newID(16), StorageClass: m.class},
		http: m.http, custom: m.custom, uploaded: now, checksums: Checksums{}.text(m.seal),
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
		o.StorageClass, m.http, m.custom, Checksums{}.text(m.seal), placeParts, nil); err != nil {
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

// AbortMultipart ends an upload and drops its parts. Of a finished upload it
// does nothing.
func (b *Bucket) AbortMultipart(ctx context.Context, key, id string) error {
	if err := errors.Join(ctx.Err(), checkKey(key)); err != nil {
		return err
	}
	return named(b.driver.abortUpload(ctx, key, id))
}

func (b *diskBucket) abortUpload(_ context.Context, key, id string) error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.write.Unlock()
	var gone []string
	err := b.db.Write(func(tx *sql.Tx) error {
		m, err := findUpload(tx, key, id, cferr.Internal) // sic: 10001 for an unknown id
		if err != nil || m.state != stateInProgress {
			return err
		}
		gone, err = finish(tx, id, stateAborted)
		return err
	})
	if err != nil {
		return err
	}
	b.discard(gone)
	return nil
}

// dropFinished forgets uploads that ended and began longer than UploadLifetime
// ago: until then they answer differently from unknown ones.
func (b *diskBucket) dropFinished(now time.Time) error {
	before := now.Add(-UploadLifetime).UnixMilli()
	var one int
	err := b.db.Readers.QueryRow("SELECT 1 FROM uploads WHERE state <> 0 AND created <= ? LIMIT 1", before).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = b.db.Writer.Exec("DELETE FROM uploads WHERE state <> 0 AND created <= ?", before)
	}
	return err
}
