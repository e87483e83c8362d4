package r2

import (
	"context"
	"io"
)

// driver is where the objects of one bucket live. The rules are above it
// (Bucket): a driver gets checked keys, bounded metadata and the name of a
// storage class. Its methods may be called from any goroutine, and answer with
// the errors of messages.go where R2 has one.
//
// A reader sees the old object or the new one, never a part of one, and what
// was acknowledged stays.
type driver interface {
	// head describes an object, or fails with ErrNoSuchKey.
	head(ctx context.Context, key string) (*Object, error)
	// get opens an object: ErrNoSuchKey, ErrInvalidRange, or, with a body that
	// has no Content, ErrPreconditionFailed.
	get(ctx context.Context, key string, opts GetOptions) (*Body, error)
	// put stores content as an object if opts.OnlyIf holds.
	put(ctx context.Context, key string, content io.Reader, opts PutOptions) (*Object, error)
	// copy makes key an object with the content that fromKey has in from, a
	// driver of the same backend. opts.StorageClass is never empty.
	copy(ctx context.Context, from driver, fromKey, key string, opts CopyOptions) (*Object, error)
	// remove deletes objects. Keys without one are no error.
	remove(ctx context.Context, keys []string) error
	// list gives the page that p asks for, and leaves it in p.out.
	list(ctx context.Context, p *page) error

	// createUpload begins a multipart upload.
	createUpload(ctx context.Context, key string, opts MultipartOptions) (id string, err error)
	// uploadPart stores a part in place of an earlier one of its number.
	uploadPart(ctx context.Context, key, id string, number int, content io.Reader, opts PartOptions) (*PartInfo, error)
	// copyPart is uploadPart of content that from has.
	copyPart(ctx context.Context, key, id string, number int, from driver, fromKey string, opts PartCopyOptions) (*PartInfo, error)
	// completeUpload makes an object of parts by the rules of choose.
	completeUpload(ctx context.Context, key, id string, parts []Part, opts CompleteOptions) (*Object, error)
	// abortUpload ends an upload. Of a finished one it does nothing.
	abortUpload(ctx context.Context, key, id string) error
	// listParts gives up to limit parts with numbers above after.
	listParts(ctx context.Context, key, id string, after, limit int) (*PartListing, error)
	// listUploads gives the uploads in progress; opts.Limit is set.
	listUploads(ctx context.Context, opts ListUploadsOptions) (*UploadListing, error)

	// partSpan finds a part of an object, counted from 1, and how many there are:
	// 0 of an object that was put whole, which is its own first part.
	partSpan(ctx context.Context, key string, number int) (Span, int, error)
	// encrypts says whether it encrypts content with the client's key.
	encrypts() bool

	ager // what lifecycle rules need

	// info describes the bucket, and describe changes what it says.
	info(ctx context.Context) (BucketInfo, error)
	describe(ctx context.Context, class, location string) error
	// retire closes the bucket for good, or fails with ErrBucketNotEmpty.
	retire(ctx context.Context) error
	close() error
}

// backend is where the buckets of a store live.
type backend interface {
	// exists says whether there is such a bucket.
	exists(ctx context.Context, name string) (bool, error)
	// open opens a bucket, and makes it if there is none.
	open(ctx context.Context, name string) (driver, error)
	// names are the buckets that live here, in order.
	names(ctx context.Context) ([]string, error)
	// drop removes a bucket whose driver is retired.
	drop(ctx context.Context, name string) error
	// ping says what keeps the backend from answering.
	ping(ctx context.Context) error
	// close ends the backend, whose drivers are closed.
	close() error
}

// Disk is the driver that keeps buckets in the store's folder.
const Disk = "disk"

// newBackend opens the backend that driver names.
func newBackend(driver, dir string, s *Store) (backend, error) {
	if driver != "" && driver != Disk {
		return openS3(driver, dir, s)
	}
	return openDisk(dir, s)
}
