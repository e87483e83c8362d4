package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"flint/internal/cferr"
	"flint/r2/driver"
)

// The id of an upload is the store's after 16 hex digits that follow from it and
// the key. So an id that the store does not know is told from one that it knew:
// R2 answers differently to an upload that has ended.

func uploadTag(key, id string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + id))
	return hex.EncodeToString(sum[:8])
}

const uploadTagSize = 16

// ourUpload reports whether an id was that of an upload of key.
func ourUpload(key, id string) bool {
	return len(id) > uploadTagSize && id[:uploadTagSize] == uploadTag(key, id[uploadTagSize:])
}

// storeID is the store's own id of an upload.
func storeID(id string) string { return id[min(len(id), uploadTagSize):] }

// explainUpload turns an error of a call on an upload. unknown is what an id that
// never was an upload of key is.
func (b *bucket) explainUpload(ctx context.Context, err error, key, id string, unknown error) error {
	switch {
	case isCode(err, "NoSuchUpload", "NoSuchKey"):
		b.found()
		if ourUpload(key, id) {
			return driver.ErrNoSuchUpload
		}
		return unknown
	case isCode(err, "InvalidPart", "InvalidPartOrder"):
		b.found()
		return driver.ErrInvalidPart
	case isCode(err, "EntityTooSmall"):
		b.found()
		return driver.ErrEntityTooSmall
	}
	return b.explain(ctx, err)
}

func (b *bucket) CreateUpload(ctx context.Context, key string, opts driver.MultipartOptions) (id string, err error) {
	name := b.s3key(key)
	if err := b.keep(ctx, key, name); err != nil {
		return "", b.explain(ctx, err)
	}
	o := &driver.Object{Key: key, Version: b.env.NewID(16), HTTP: opts.HTTP, Custom: opts.Custom, StorageClass: opts.StorageClass}
	// The store alone knows when the upload will be complete, by a clock of its own.
	put, err := b.putOptions(ctx, o, b.skew().Milliseconds())
	if err != nil {
		return "", err
	}
	if opts.Checksum != "" {
		put.UserMetadata["X-Amz-Checksum-Algorithm"] = opts.Checksum
		put.UserMetadata["X-Amz-Checksum-Type"] = checksumType(opts.Checksum)
	}
	id, err = b.core.NewMultipartUpload(ctx, b.s3name, name, put)
	if err != nil {
		return "", b.explain(ctx, err)
	}
	b.found()
	b.sums.put(id, opts.Checksum)
	b.begun.put(id, strconv.FormatInt(b.env.Clock.Now().UnixMilli(), 10))
	return uploadTag(key, id) + id, nil
}

func (b *bucket) CompleteUpload(ctx context.Context, key, id string, parts []driver.Part, opts driver.CompleteOptions) (*driver.Object, error) {
	if !ourUpload(key, id) {
		return nil, cferr.Internal // sic: 10001 for an unknown id
	}
	stored, err := b.storedParts(ctx, key, id)
	if err != nil {
		return nil, err
	}
	chosen, err := driver.Choose(stored, parts, b.env.MinPart)
	if err != nil {
		return nil, err
	}
	sums, err := driver.Combine(b.sums.of(storeID(id)), chosen)
	if err != nil {
		return nil, err
	}
	var size int64
	for _, p := range chosen {
		size += p.Size
	}
	if err := opts.Check(size, sums); err != nil {
		return nil, err
	}
	if len(chosen) == 0 { // which S3 does not take: an empty part stands for none
		part, err := b.UploadPart(ctx, key, id, 1, bytes.NewReader(nil), driver.PartOptions{})
		if err != nil {
			return nil, err
		}
		chosen = []driver.StoredPart{{Number: 1, Etag: part.ETag, Sum: part.Sum}}
	}
	complete := make([]minio.CompletePart, len(chosen))
	for i, p := range chosen {
		complete[i] = completePart(b.sums.of(storeID(id)), p)
	}
	if _, err = b.core.CompleteMultipartUpload(ctx, b.s3name, b.s3key(key), storeID(id), complete, b.completeOptions(id)); err != nil {
		return nil, b.explainUpload(ctx, err, key, id, cferr.Internal)
	}
	return b.Head(ctx, key)
}

// storedParts are all parts of an upload.
func (b *bucket) storedParts(ctx context.Context, key, id string) (map[int]driver.StoredPart, error) {
	stored := map[int]driver.StoredPart{}
	for after := 0; ; {
		l, err := b.ListParts(ctx, key, id, after, driver.MaxListKeys)
		if err != nil {
			return nil, err
		}
		for _, p := range l.Parts {
			stored[p.Number] = driver.StoredPart{Number: p.Number, Etag: p.ETag, Size: p.Size, Sum: p.Sum}
			after = p.Number
		}
		if !l.Truncated {
			return stored, nil
		}
	}
}

func (b *bucket) AbortUpload(ctx context.Context, key, id string) error {
	if !ourUpload(key, id) {
		return cferr.Internal // sic: 10001 for an unknown id
	}
	err := b.core.AbortMultipartUpload(ctx, b.s3name, b.s3key(key), storeID(id))
	if isCode(err, "NoSuchUpload", "NoSuchKey") {
		err = nil // it has ended
	}
	return b.explain(ctx, err)
}

func (b *bucket) ListParts(ctx context.Context, key, id string, after, limit int) (*driver.PartListing, error) {
	if !ourUpload(key, id) {
		return nil, driver.ErrNoSuchUpload
	}
	found, err := b.core.ListObjectParts(ctx, b.s3name, b.s3key(key), storeID(id), after, limit)
	if err != nil {
		return nil, b.explainUpload(ctx, err, key, id, driver.ErrNoSuchUpload)
	}
	l := &driver.PartListing{Truncated: found.IsTruncated, StorageClass: r2Class(found.StorageClass), Checksum: storeAlgorithm(found.ChecksumAlgorithm)}
	b.sums.put(storeID(id), l.Checksum)
	for _, p := range found.ObjectParts {
		l.Parts = append(l.Parts, driver.PartInfo{
			Number: p.PartNumber, ETag: strings.Trim(p.ETag, `"`), Size: p.Size, Uploaded: p.LastModified.UTC(), Checksum: l.Checksum, Sum: partSum(l.Checksum, &p),
		})
	}
	return l, nil
}

// r2Class is R2's name of a class of the store.
func r2Class(class string) string {
	if strings.HasSuffix(class, "_IA") {
		return driver.InfrequentAccess
	}
	return driver.Standard
}

func (b *bucket) ListUploads(ctx context.Context, opts driver.ListUploadsOptions) (*driver.UploadListing, error) {
	all, err := b.uploads(ctx)
	if err != nil {
		return nil, b.explain(ctx, err)
	}
	l := &driver.UploadListing{}
	for _, u := range all {
		past := opts.KeyMarker == "" || u.Key > opts.KeyMarker || u.Key == opts.KeyMarker && opts.UploadIDMarker != "" && u.ID > opts.UploadIDMarker
		if past && strings.HasPrefix(u.Key, opts.Prefix) && !l.Add(&opts, u) {
			break
		}
	}
	return l.Done(), nil
}

// uploads are all uploads of the bucket that the store lists, by key and id. MinIO lists those
// that began since it started, and only if it is asked for all of them.
func (b *bucket) uploads(ctx context.Context) ([]driver.UploadInfo, error) {
	var all []driver.UploadInfo
	keyMarker, idMarker := "", ""
	for len(all) < maxUploads {
		l, err := b.core.ListMultipartUploads(ctx, b.s3name, "", keyMarker, idMarker, "", driver.MaxListKeys)
		if err != nil {
			return nil, err
		}
		for _, u := range l.Uploads {
			key, ok, err := b.keyOf(ctx, u.Key)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, driver.UploadInfo{
					Key: key, ID: uploadTag(key, u.UploadID) + u.UploadID, Created: b.began(u.UploadID, u.Initiated), StorageClass: r2Class(u.StorageClass),
				})
			}
		}
		if !l.IsTruncated || l.NextKeyMarker == keyMarker && l.NextUploadIDMarker == idMarker {
			break
		}
		keyMarker, idMarker = l.NextKeyMarker, l.NextUploadIDMarker
	}
	slices.SortFunc(all, func(a, b driver.UploadInfo) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(all, func(a, b driver.UploadInfo) bool { return a.ID == b.ID }), nil
}
