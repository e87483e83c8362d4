package disk

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"time"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// CreateUpload implements driver.Bucket.
func (b *Bucket) CreateUpload(_ context.Context, key string, opts driver.MultipartOptions) (id string, err error) {
	http, custom, err := encodeMetadata(opts.HTTP, opts.Custom)
	if err != nil {
		return "", err
	}
	if err := b.lock(); err != nil {
		return "", err
	}
	defer b.write.Unlock()
	id = b.env.NewID(32)
	_, err = b.db.Writer.Exec("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, key, b.env.Clock.Now().UnixMilli(), opts.StorageClass, http, custom, stateInProgress, opts.SSECKey.Seal(id), opts.Checksum)
	return id, err
}

// UploadPart implements driver.Bucket.
func (b *Bucket) UploadPart(ctx context.Context, key, id string, number int, content io.Reader, opts driver.PartOptions) (*driver.PartInfo, error) {
	m, err := findUpload(b.db.Readers, key, id, driver.ErrNoSuchUpload)
	if err != nil {
		return nil, err
	}
	if err := opts.CheckPartSum(m.checksum); err != nil {
		return nil, err
	}
	u := &upload{version: b.env.NewID(16)}
	if err := b.receiveBlob(ctx, u, content, driver.PutOptions{Size: opts.Size, SSECKey: opts.SSECKey, Compute: m.checksum}); err != nil {
		return nil, err
	}
	now := b.env.Clock.Now()
	if err := b.blobs.date(u.version, now); err != nil {
		b.discard([]string{u.version})
		return nil, err
	}
	part := &driver.PartInfo{Number: number, ETag: b.env.NewID(16), Size: u.size, Uploaded: now.UTC(), Checksum: m.checksum, Sum: u.sums.Named(m.checksum)}
	gone, err := b.commitPart(key, id, part, u, opts.SSECKey)
	if err != nil {
		b.discard([]string{u.version})
		return nil, err
	}
	b.discard(gone)
	return part, nil
}

func (b *Bucket) commitPart(key, id string, part *driver.PartInfo, u *upload, with *driver.SSECKey) (gone []string, err error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	err = b.db.Write(func(tx *sql.Tx) error {
		m, err := b.inProgress(tx, key, id, driver.ErrNoSuchUpload)
		if err != nil {
			return err
		}
		if err := driver.CheckSSEC(m.seal, with); err != nil {
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
func (b *Bucket) inProgress(db rower, key, id string, unknown *cferr.Error) (*multipart, error) {
	m, err := findUpload(db, key, id, unknown)
	if err != nil {
		return nil, err
	}
	if m.state != stateInProgress {
		return nil, driver.ErrNoSuchUpload
	}
	return m, nil
}

// AbortUpload implements driver.Bucket.
func (b *Bucket) AbortUpload(_ context.Context, key, id string) error {
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
func (b *Bucket) dropFinished(now time.Time) error {
	before := now.Add(-driver.UploadLifetime).UnixMilli()
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

// ListParts implements driver.Bucket.
func (b *Bucket) ListParts(ctx context.Context, key, id string, after, limit int) (*driver.PartListing, error) {
	m, err := b.inProgress(b.db.Readers, key, id, driver.ErrNoSuchUpload)
	if err != nil {
		return nil, err
	}
	rows, err := b.db.Readers.QueryContext(ctx, "SELECT part, blob, size, etag, checksum FROM upload_parts WHERE upload = ? AND part > ? ORDER BY part LIMIT ?", id, after, limit+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := &driver.PartListing{StorageClass: m.class, Checksum: m.checksum}
	for rows.Next() {
		p := driver.PartInfo{Checksum: m.checksum}
		var blob string
		if err := rows.Scan(&p.Number, &blob, &p.Size, &p.ETag, &p.Sum); err != nil {
			return nil, err
		}
		if len(l.Parts) == limit {
			l.Truncated = true
			break
		}
		p.Uploaded = b.blobs.written(blob)
		l.Parts = append(l.Parts, p)
	}
	return l, rows.Err()
}

// ListUploads implements driver.Bucket.
func (b *Bucket) ListUploads(ctx context.Context, opts driver.ListUploadsOptions) (*driver.UploadListing, error) {
	const query = `SELECT key, id, created, storage_class, checksum FROM uploads
		WHERE state = ? AND key >= ? AND key < ? AND (key > ? OR key = ? AND id > ? OR ? = '')
		ORDER BY key, id`
	// Without an id the marker's own key is done with, as if its last id had been named.
	id := opts.UploadIDMarker
	if id == "" {
		id = driver.AfterAll
	}
	rows, err := b.db.Readers.QueryContext(ctx, query, stateInProgress,
		opts.Prefix, opts.Prefix+driver.AfterAll, opts.KeyMarker, opts.KeyMarker, id, opts.KeyMarker+opts.UploadIDMarker)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := &driver.UploadListing{}
	for rows.Next() {
		var u driver.UploadInfo
		var created int64
		if err := rows.Scan(&u.Key, &u.ID, &created, &u.StorageClass, &u.Checksum); err != nil {
			return nil, err
		}
		u.Created = time.UnixMilli(created).UTC()
		if !l.Add(&opts, u) {
			break
		}
	}
	return l.Done(), rows.Err()
}

// written is when a part's content came: its file's time, which date set.
func (s *blobs) written(id string) time.Time {
	info, err := os.Stat(s.path(id))
	if err != nil {
		return time.Time{} // replaced meanwhile
	}
	return info.ModTime().UTC()
}

func (s *blobs) date(id string, t time.Time) error { return os.Chtimes(s.path(id), t, t) }

// Encrypts implements driver.Bucket.
func (b *Bucket) Encrypts() bool { return true }

const (
	stateInProgress = iota
	stateCompleted
	stateAborted
)
