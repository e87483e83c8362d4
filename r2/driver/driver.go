package driver

import (
	"context"
	"io"
	"log/slog"

	"flint/internal/clock"
)

// driver is where the objects of one bucket live. The rules are above it
// (Bucket): a driver gets checked keys, bounded metadata and the name of a
// storage class. Its methods may be called from any goroutine, and answer with
// the errors of messages.go where R2 has one.
//
// A reader sees the old object or the new one, never a part of one, and what
// was acknowledged stays.
type Bucket interface {
	// Head describes an object, or fails with ErrNoSuchKey.
	Head(ctx context.Context, key string) (*Object, error)
	// Get opens an object: ErrNoSuchKey, ErrInvalidRange, or, with a body that
	// has no Content, ErrPreconditionFailed.
	Get(ctx context.Context, key string, opts GetOptions) (*Body, error)
	// Put stores content as an object if opts.OnlyIf holds.
	Put(ctx context.Context, key string, content io.Reader, opts PutOptions) (*Object, error)
	// Copy makes key an object with the content that fromKey has in from, a
	// driver of the same backend. opts.StorageClass is never empty.
	Copy(ctx context.Context, from Bucket, fromKey, key string, opts CopyOptions) (*Object, error)
	// Remove deletes objects. Keys without one are no error.
	Remove(ctx context.Context, keys []string) error
	// List gives the page that p asks for, and leaves it in p.out.
	List(ctx context.Context, p *Page) error

	// CreateUpload begins a multipart upload.
	CreateUpload(ctx context.Context, key string, opts MultipartOptions) (id string, err error)
	// UploadPart stores a part in place of an earlier one of its number.
	UploadPart(ctx context.Context, key, id string, number int, content io.Reader, opts PartOptions) (*PartInfo, error)
	// CopyPart is uploadPart of content that from has.
	CopyPart(ctx context.Context, key, id string, number int, from Bucket, fromKey string, opts PartCopyOptions) (*PartInfo, error)
	// CompleteUpload makes an object of parts by the rules of choose.
	CompleteUpload(ctx context.Context, key, id string, parts []Part, opts CompleteOptions) (*Object, error)
	// AbortUpload ends an upload. Of a finished one it does nothing.
	AbortUpload(ctx context.Context, key, id string) error
	// ListParts gives up to limit parts with numbers above after.
	ListParts(ctx context.Context, key, id string, after, limit int) (*PartListing, error)
	// ListUploads gives the uploads in progress; opts.Limit is set.
	ListUploads(ctx context.Context, opts ListUploadsOptions) (*UploadListing, error)

	// PartSpan finds a part of an object, counted from 1, and how many there are:
	// 0 of an object that was put whole, which is its own first part.
	PartSpan(ctx context.Context, key string, number int) (Span, int, error)
	// Encrypts says whether it encrypts content with the client's key.
	Encrypts() bool

	ager // what lifecycle rules need

	// Info describes the bucket, and describe changes what it says.
	Info(ctx context.Context) (BucketInfo, error)
	Describe(ctx context.Context, class, location string) error
	// Retire closes the bucket for good, or fails with ErrBucketNotEmpty.
	Retire(ctx context.Context) error
	Close() error
}

// Backend is where the buckets of a store live.
type Backend interface {
	// Exists says whether there is such a bucket.
	Exists(ctx context.Context, name string) (bool, error)
	// Open opens a bucket, and makes it if there is none.
	Open(ctx context.Context, name string) (Bucket, error)
	// Names are the buckets that live here, in order.
	Names(ctx context.Context) ([]string, error)
	// Drop removes a bucket whose driver is retired.
	Drop(ctx context.Context, name string) error
	// Ping says what keeps the backend from answering.
	Ping(ctx context.Context) error
	// Close ends the backend, whose drivers are closed.
	Close() error
}

// Env is what the store above gives to its driver.
type Env struct {
	Clock   clock.Clock
	Log     *slog.Logger
	NewID   func(bytes int) string // a random id of so many bytes, in hex
	MinPart int64                  // the smallest part of an upload that is not the last one, in bytes

	// Bounds of the disk driver, in bytes: the largest object that lives in the
	// table, and the largest journal.
	Inline, Journal int64
}
