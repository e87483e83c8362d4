package r2

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"flint/internal/cferr"
)

// Part names an uploaded part.
type Part struct {
	Number int
	ETag   string
	Sum    []byte // its checksum by its upload's algorithm; nil: not given
}

// PartOptions go with an uploaded part.
type PartOptions struct {
	Size    int64    // bytes; negative if it is not known
	SSECKey *SSECKey // with which the upload was created; nil for none
	// Checksum is S3's name of the checksum that content is held against as it is
	// read; empty for none. Sum is its value, nil if it comes after the content.
	Checksum string
	Sum      []byte
}

// MultipartOptions go with a multipart upload.
type MultipartOptions struct {
	HTTP         HTTPMetadata
	Custom       []Field
	StorageClass string   // empty: the bucket's
	SSECKey      *SSECKey // every part comes with it; nil for none
	Checksum     string   // S3's name of the algorithm of its checksums; empty: none
}

const (
	stateInProgress = iota
	stateCompleted
	stateAborted
)

// CreateMultipart begins a multipart upload and returns its id.
// https://developers.cloudflare.com/r2/api/workers/workers-multipart-usage/
func (b *Bucket) CreateMultipart(ctx context.Context, key string, opts MultipartOptions) (id string, err error) {
	if err := errors.Join(ctx.Err(), checkKey(key), checkMetadata(opts.Custom), checkAlgorithm(opts.Checksum)); err != nil {
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
	_, err = b.db.Writer.Exec("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, key, b.store.clock.Now().UnixMilli(), opts.StorageClass, http, custom, stateInProgress, opts.SSECKey.seal(id), opts.Checksum)
	return id, err
}

// UploadPart stores one part, in place of an earlier one of the same number,
// and returns its ETag. size is negative if it is not known.
func (b *Bucket) UploadPart(ctx context.Context, key, id string, number int, content io.Reader, size int64) (etag string, err error) {
	part, err := b.UploadPartWith(ctx, key, id, number, content, PartOptions{Size: size})
	if err != nil {
		return "", err
	}
	return part.ETag, nil
}

// UploadPartWith is UploadPart with all that may come with a part. Of another key
// than that of the upload it returns ErrSSECKeyRequired, ErrSSECKeyMismatch or
// ErrSSECNotApplicable.
func (b *Bucket) UploadPartWith(ctx context.Context, key, id string, number int, content io.Reader, opts PartOptions) (*PartInfo, error) {
	if err := errors.Join(checkPart(key, number), b.canEncrypt(opts.SSECKey)); err != nil {
		return nil, err
	}
	if opts.Size > MaxPutSize {
		return nil, ErrEntityTooLarge
	}
	part, err := b.driver.uploadPart(ctx, key, id, number, content, opts)
	return part, named(err)
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

func (b *diskBucket) uploadPart(ctx context.Context, key, id string, number int, content io.Reader, opts PartOptions) (*PartInfo, error) {
	m, err := findUpload(b.db.Readers, key, id, ErrNoSuchUpload)
	if err != nil {
		return nil, err
	}
	if err := opts.checkPartSum(m.checksum); err != nil {
		return nil, err
	}
	u := &upload{version: b.store.newID(16)}
	if err := b.receiveBlob(ctx, u, content, PutOptions{Size: opts.Size, SSECKey: opts.SSECKey, compute: m.checksum}); err != nil {
		return nil, err
	}
	now := b.store.clock.Now()
	if err := b.blobs.date(u.version, now); err != nil {
		b.discard([]string{u.version})
		return nil, err
	}
	part := &PartInfo{Number: number, ETag: b.store.newID(16), Size: u.size, Uploaded: now.UTC(), Checksum: m.checksum, Sum: u.sums.Named(m.checksum)}
	gone, err := b.commitPart(key, id, part, u, opts.SSECKey)
	if err != nil {
		b.discard([]string{u.version})
		return nil, err
	}
	b.discard(gone)
	return part, nil
}

func (b *diskBucket) commitPart(key, id string, part *PartInfo, u *upload, with *SSECKey) (gone []string, err error) {
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
		if gone, err = column(tx, "DELETE FROM upload_parts WHERE upload = ? AND part = ? RETURNING blob", id, part.Number); err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO upload_parts VALUES (?, ?, ?, ?, ?, ?, ?)", id, part.Number, u.version, u.size, part.ETag, u.sums.MD5, part.Sum)
		return err
	})
	return gone, err
}

// multipart is a row of uploads.
type multipart struct {
	class, http, custom string
	seal                string // of the client's key
	checksum            string // S3's name of the algorithm; empty for none
	state               int
}

// rower is a transaction or a database.
type rower interface {
	QueryRow(query string, args ...any) *sql.Row
}

// findUpload returns an upload of key, or unknown.
func findUpload(db rower, key, id string, unknown *cferr.Error) (*multipart, error) {
	var m multipart
	err := db.QueryRow("SELECT storage_class, http, custom, ssec, checksum, state FROM uploads WHERE id = ? AND key = ?", id, key).
		Scan(&m.class, &m.http, &m.custom, &m.seal, &m.checksum, &m.state)
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
