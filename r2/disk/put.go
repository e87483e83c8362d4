package disk

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"flint/r2/driver"
)

// upload is content that has been received and waits for its row.
type upload struct {
	version string
	size    int64
	sums    driver.Checksums
	data    []byte // of a small object; otherwise there is a blob named version
	buf     *[]byte
}

func (u *upload) inline() bool { return u.data != nil }

func (u *upload) free() {
	if u.buf != nil {
		driver.InlineBuffers.Put(u.buf)
		u.buf, u.data = nil, nil
	}
}

// Put implements driver.Bucket.
func (b *Bucket) Put(ctx context.Context, key string, content io.Reader, opts driver.PutOptions) (*driver.Object, error) {
	u, err := b.receive(ctx, content, opts)
	if err != nil {
		return nil, err
	}
	defer u.free()
	u.sums = u.sums.With(opts.Verified)
	if opts.Kept != nil {
		u.sums = u.sums.With(opts.Kept())
	}
	o := &driver.Object{
		Key: key, Version: u.version, Size: u.size, ETag: hex.EncodeToString(u.sums.MD5),
		HTTP: opts.HTTP, Custom: opts.Custom, Checksums: u.sums, StorageClass: opts.StorageClass,
		Seal: opts.SSECKey.Seal(u.version),
	}
	o.SSECKeyMD5 = driver.SealedMD5(o.Seal)
	gone, err := b.commit(o, u, opts.OnlyIf)
	if err != nil {
		if !u.inline() {
			b.discard([]string{u.version})
		}
		return nil, err
	}
	b.discard(gone)
	return o, nil
}

// receive reads content to its end: a small one into memory, a larger one into
// a blob.
func (b *Bucket) receive(ctx context.Context, content io.Reader, opts driver.PutOptions) (*upload, error) {
	size := opts.Size
	u := &upload{version: b.env.NewID(16)}
	if size > b.env.Inline {
		return u, b.receiveBlob(ctx, u, content, opts)
	}
	buf := driver.InlineBuffers.Get().(*[]byte)
	n, eof, err := driver.ReadFull(content, (*buf)[:b.env.Inline+1])
	if err == nil && !eof {
		// Larger than the client said, or it said nothing.
		err = b.receiveBlob(ctx, u, io.MultiReader(bytes.NewReader((*buf)[:n]), content), opts)
		driver.InlineBuffers.Put(buf)
		return u, err
	}
	if err == nil && size >= 0 && int64(n) != size {
		err = driver.ErrIncompleteBody
	}
	if err != nil {
		driver.InlineBuffers.Put(buf)
		return nil, err
	}
	h := driver.NewHasher(opts.Checksums)
	h.Compute(opts.Compute)
	h.Write((*buf)[:n])
	if u.sums, err = h.Verify(); err == nil {
		err = opts.SSECKey.Encrypt(u.version, (*buf)[:n])
	}
	if err != nil {
		driver.InlineBuffers.Put(buf)
		return nil, err
	}
	u.buf, u.data, u.size = buf, (*buf)[:n], int64(n)
	return u, nil
}

// receiveBlob writes content into the blob u.version, and removes it again if
// that fails.
func (b *Bucket) receiveBlob(ctx context.Context, u *upload, content io.Reader, opts driver.PutOptions) error {
	f, err := b.blobs.create(u.version)
	if err != nil {
		return err
	}
	var dst io.Writer = f
	if opts.SSECKey != nil {
		dst, err = opts.SSECKey.Writer(f, u.version)
	}
	h := driver.NewHasher(opts.Checksums)
	h.Compute(opts.Compute)
	if err == nil {
		u.size, err = driver.CopyHashed(ctx, dst, h, content)
	}
	if err == nil && opts.Size >= 0 && u.size != opts.Size {
		err = driver.ErrIncompleteBody
	}
	if err == nil {
		u.sums, err = h.Verify()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		b.discard([]string{u.version})
	}
	return err
}

// commit makes o the object of its key if the condition holds, and returns the
// blobs that this leaves without a name.
func (b *Bucket) commit(o *driver.Object, u *upload, onlyIf *driver.Conditional) (gone []string, err error) {
	r, err := newRow(o, u)
	if err != nil {
		return nil, err
	}
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.write.Unlock()
	was, err := b.current(o.Key)
	if err != nil {
		return nil, err
	}
	if !onlyIf.Holds(was.object()) {
		return nil, driver.ErrPreconditionFailed
	}
	r.uploaded = b.env.Clock.Now().UnixMilli()
	r.o.Uploaded = time.UnixMilli(r.uploaded).UTC()
	o.Uploaded = r.o.Uploaded
	if was != nil && was.place == placeParts || len(r.data) > MaxJournaled {
		return b.putPast(r, was)
	}
	if err := b.log(r); err != nil {
		return nil, err
	}
	return was.release(nil)
}

// newRow is the row of a put, but for its time.
func newRow(o *driver.Object, u *upload) (r *row, err error) {
	r = &row{o: *o, checksums: o.Checksums.Text(o.Seal), place: placeBlob, data: u.data}
	if u.inline() {
		r.place = placeInline
	}
	if r.http, r.custom, err = encodeMetadata(o.HTTP, o.Custom); err != nil {
		return nil, err
	}
	if strings.Contains(r.http+r.custom, `\ufffd`) { // JSON has replaced bytes that were no text
		_, err = r.object()
	}
	return r, err
}

// putPast puts r into the table, past the journal.
func (b *Bucket) putPast(r *row, was *old) (gone []string, err error) {
	if err := b.settle(); err != nil {
		return nil, err
	}
	defer b.recent.change(r.o.Key)()
	if was == nil || was.place != placeParts {
		if _, err := b.stmts.put.Exec(r.args()...); err != nil {
			return nil, err
		}
		return was.release(nil)
	}
	err = b.db.Write(func(tx *sql.Tx) error {
		if _, err := tx.Stmt(b.stmts.put).Exec(r.args()...); err != nil {
			return err
		}
		gone, err = was.release(tx)
		return err
	})
	return gone, err
}
