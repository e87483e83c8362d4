package r2

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// PutOptions go with a put.
type PutOptions struct {
	HTTP         HTTPMetadata
	Custom       []Field
	Checksums    Checksums // what the content must have
	OnlyIf       *Conditional
	StorageClass string   // empty: the bucket's
	SSECKey      *SSECKey // to encrypt the content with; nil for none
	// Verified are checksums that content is held against as it is read: they
	// are kept with the object. Kept, when set, tells them once the content was
	// read to its end, because they come after it.
	Verified Checksums
	Kept     func() Checksums
	// Size is the length of the content in bytes, negative if it is not known.
	Size int64

	compute string // S3's name of one more checksum to keep
}

// upload is content that has been received and waits for its row.
type upload struct {
	version string
	size    int64
	sums    Checksums
	data    []byte // of a small object; otherwise there is a blob named version
	buf     *[]byte
}

var inlineBuffers = sync.Pool{New: func() any { b := make([]byte, maxInline+1); return &b }}

func (u *upload) inline() bool { return u.data != nil }

func (u *upload) free() {
	if u.buf != nil {
		inlineBuffers.Put(u.buf)
		u.buf, u.data = nil, nil
	}
}

// Put stores an object. When it returns, the object survives a kill of the
// process. Nothing is stored when it fails: ErrPreconditionFailed,
// ErrInvalidObjectName, ErrMetadataTooLarge, ErrEntityTooLarge,
// ErrIncompleteBody, a checksum that differs (10037), or an error of content.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2putoptions
func (b *Bucket) Put(ctx context.Context, key string, content io.Reader, opts PutOptions) (*Object, error) {
	var err error
	if opts.StorageClass, err = b.checkPut(key, opts); err != nil {
		return nil, err
	}
	news, err := b.announce(ActionPut, nil, key)
	if err != nil {
		return nil, named(err)
	}
	o, err := b.driver.put(ctx, key, content, opts)
	return b.created(ctx, news, o, err)
}

// created ends the making of an object: its queues and its rules hear of it.
func (b *Bucket) created(ctx context.Context, news *announced, o *Object, err error) (*Object, error) {
	news.done(ctx, err, o)
	if err != nil {
		return nil, named(err)
	}
	b.born(o.Key, o.Uploaded, false)
	return o, nil
}

func (b *diskBucket) put(ctx context.Context, key string, content io.Reader, opts PutOptions) (*Object, error) {
	u, err := b.receive(ctx, content, opts)
	if err != nil {
		return nil, err
	}
	defer u.free()
	u.sums = u.sums.with(opts.Verified)
	if opts.Kept != nil {
		u.sums = u.sums.with(opts.Kept())
	}
	o := &Object{
		Key: key, Version: u.version, Size: u.size, ETag: hex.EncodeToString(u.sums.MD5),
		HTTP: opts.HTTP, Custom: opts.Custom, Checksums: u.sums, StorageClass: opts.StorageClass,
		seal: opts.SSECKey.seal(u.version),
	}
	o.SSECKeyMD5 = sealedMD5(o.seal)
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

func (b *Bucket) checkPut(key string, opts PutOptions) (class string, err error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if opts.Size > MaxPutSize {
		return "", ErrEntityTooLarge
	}
	if err := errors.Join(checkMetadata(opts.Custom), b.canEncrypt(opts.SSECKey)); err != nil {
		return "", err
	}
	return storageClass(opts.StorageClass, *b.class.Load())
}

// receive reads content to its end: a small one into memory, a larger one into
// a blob.
func (b *diskBucket) receive(ctx context.Context, content io.Reader, opts PutOptions) (*upload, error) {
	size := opts.Size
	u := &upload{version: b.store.newID(16)}
	if size > b.store.inline {
		return u, b.receiveBlob(ctx, u, content, opts)
	}
	buf := inlineBuffers.Get().(*[]byte)
	n, eof, err := readFull(content, (*buf)[:b.store.inline+1])
	if err == nil && !eof {
		// Larger than the client said, or it said nothing.
		err = b.receiveBlob(ctx, u, io.MultiReader(bytes.NewReader((*buf)[:n]), content), opts)
		inlineBuffers.Put(buf)
		return u, err
	}
	if err == nil && size >= 0 && int64(n) != size {
		err = ErrIncompleteBody
	}
	if err != nil {
		inlineBuffers.Put(buf)
		return nil, err
	}
	h := newHasher(opts.Checksums)
	h.compute(opts.compute)
	h.Write((*buf)[:n])
	if u.sums, err = h.verify(); err == nil {
		err = opts.SSECKey.encrypt(u.version, (*buf)[:n])
	}
	if err != nil {
		inlineBuffers.Put(buf)
		return nil, err
	}
	u.buf, u.data, u.size = buf, (*buf)[:n], int64(n)
	return u, nil
}

// receiveBlob writes content into the blob u.version, and removes it again if
// that fails.
func (b *diskBucket) receiveBlob(ctx context.Context, u *upload, content io.Reader, opts PutOptions) error {
	f, err := b.blobs.create(u.version)
	if err != nil {
		return err
	}
	var dst io.Writer = f
	if opts.SSECKey != nil {
		dst, err = opts.SSECKey.writer(f, u.version)
	}
	h := newHasher(opts.Checksums)
	h.compute(opts.compute)
	if err == nil {
		u.size, err = copyHashed(ctx, dst, h, content)
	}
	if err == nil && opts.Size >= 0 && u.size != opts.Size {
		err = ErrIncompleteBody
	}
	if err == nil {
		u.sums, err = h.verify()
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
func (b *diskBucket) commit(o *Object, u *upload, onlyIf *Conditional) (gone []string, err error) {
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
	if !onlyIf.holds(was.object()) {
		return nil, ErrPreconditionFailed
	}
	r.uploaded = b.store.clock.Now().UnixMilli()
	r.o.Uploaded = time.UnixMilli(r.uploaded).UTC()
	o.Uploaded = r.o.Uploaded
	if was != nil && was.place == placeParts || len(r.data) > maxJournaled {
		return b.putPast(r, was)
	}
	if err := b.log(r); err != nil {
		return nil, err
	}
	return was.release(nil)
}

// newRow is the row of a put, but for its time.
func newRow(o *Object, u *upload) (r *row, err error) {
	r = &row{o: *o, checksums: o.Checksums.text(o.seal), place: placeBlob, data: u.data}
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
func (b *diskBucket) putPast(r *row, was *old) (gone []string, err error) {
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
