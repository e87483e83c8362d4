package r2

import (
	"context"
	"errors"
	"os"
	"time"
)

// PartInfo is what is known of an uploaded part.
type PartInfo struct {
	Number   int
	ETag     string
	Size     int64 // bytes
	Uploaded time.Time
	Checksum string // S3's name of the upload's algorithm; empty for none
	Sum      []byte // by that algorithm
}

// PartListing is one page of the parts of an upload, in the order of their numbers.
type PartListing struct {
	Parts        []PartInfo
	StorageClass string // that the object will have
	Checksum     string // S3's name of the algorithm of its checksums; empty for none
	Truncated    bool   // there are parts above the last number
}

// UploadInfo is a multipart upload in progress.
type UploadInfo struct {
	Key, ID      string
	Created      time.Time
	StorageClass string
	Checksum     string // S3's name of the algorithm of its checksums; empty for none
}

// ListUploadsOptions narrow a list of uploads.
type ListUploadsOptions struct {
	Prefix    string
	Delimiter string // groups keys that have it after the prefix; empty: none
	// KeyMarker lists uploads of keys after this one. With UploadIDMarker the
	// key's own uploads with ids after that one come, too.
	KeyMarker, UploadIDMarker string
	Limit                     int // 1 to 1000; 0 means 1000
}

// UploadListing is one page of uploads, in the order of key and id.
type UploadListing struct {
	Uploads   []UploadInfo
	Prefixes  []string
	Truncated bool
	// The markers with which the list goes on, if it is truncated.
	NextKeyMarker, NextUploadIDMarker string
}

// ListParts lists parts of an upload with numbers above after; a limit of 0, or
// of more than 1000, means 1000. An upload that has ended is ErrNoSuchUpload.
func (b *Bucket) ListParts(ctx context.Context, key, id string, after, limit int) (*PartListing, error) {
	limit, err := pageLimit(limit)
	if err := errors.Join(err, ctx.Err(), checkKey(key)); err != nil {
		return nil, err
	}
	return b.driver.listParts(ctx, key, id, after, limit)
}

// ListUploads lists the multipart uploads in progress.
func (b *Bucket) ListUploads(ctx context.Context, opts ListUploadsOptions) (*UploadListing, error) {
	var err error
	opts.Limit, err = pageLimit(opts.Limit)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	return b.driver.listUploads(ctx, opts)
}

// pageLimit is the size of a page of parts or uploads, which S3 cuts to 1000.
func pageLimit(limit int) (int, error) {
	if limit < 0 {
		return 0, ErrInvalidMaxKeys
	}
	if limit == 0 {
		return MaxListKeys, nil
	}
	return min(limit, MaxListKeys), nil
}

// add takes the next upload in order into the page, and says whether there is
// still room.
func (l *UploadListing) add(opts *ListUploadsOptions, u UploadInfo) (more bool) {
	group, grouped := groupOf(u.Key, opts.Prefix, opts.Delimiter)
	if grouped && (group == opts.KeyMarker || len(l.Prefixes) > 0 && l.Prefixes[len(l.Prefixes)-1] == group) {
		return true // dealt with
	}
	if len(l.Uploads)+len(l.Prefixes) >= opts.Limit {
		l.Truncated = true
		return false
	}
	if grouped {
		l.Prefixes = append(l.Prefixes, group)
		l.NextKeyMarker, l.NextUploadIDMarker = group, ""
		return true
	}
	l.Uploads = append(l.Uploads, u)
	l.NextKeyMarker, l.NextUploadIDMarker = u.Key, u.ID
	return true
}

// done ends a page.
func (l *UploadListing) done() *UploadListing {
	if !l.Truncated {
		l.NextKeyMarker, l.NextUploadIDMarker = "", ""
	}
	return l
}

func (b *diskBucket) listParts(ctx context.Context, key, id string, after, limit int) (*PartListing, error) {
	m, err := b.inProgress(b.db.Readers, key, id, ErrNoSuchUpload)
	if err != nil {
		return nil, err
	}
	rows, err := b.db.Readers.QueryContext(ctx, "SELECT part, blob, size, etag, checksum FROM upload_parts WHERE upload = ? AND part > ? ORDER BY part LIMIT ?", id, after, limit+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := &PartListing{StorageClass: m.class, Checksum: m.checksum}
	for rows.Next() {
		p := PartInfo{Checksum: m.checksum}
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

func (b *diskBucket) listUploads(ctx context.Context, opts ListUploadsOptions) (*UploadListing, error) {
	const query = `SELECT key, id, created, storage_class, checksum FROM uploads
		WHERE state = ? AND key >= ? AND key < ? AND (key > ? OR key = ? AND id > ? OR ? = '')
		ORDER BY key, id`
	// Without an id the marker's own key is done with, as if its last id had been named.
	id := opts.UploadIDMarker
	if id == "" {
		id = afterAll
	}
	rows, err := b.db.Readers.QueryContext(ctx, query, stateInProgress,
		opts.Prefix, opts.Prefix+afterAll, opts.KeyMarker, opts.KeyMarker, id, opts.KeyMarker+opts.UploadIDMarker)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := &UploadListing{}
	for rows.Next() {
		var u UploadInfo
		var created int64
		if err := rows.Scan(&u.Key, &u.ID, &created, &u.StorageClass, &u.Checksum); err != nil {
			return nil, err
		}
		u.Created = time.UnixMilli(created).UTC()
		if !l.add(&opts, u) {
			break
		}
	}
	return l.done(), rows.Err()
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
