package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"flint/r2/driver"
)

func (b *bucket) Encrypts() bool { return false }

// UploadPart passes a part on. Of an upload with checksums the store wants the
// part's own with it.
func (b *bucket) UploadPart(ctx context.Context, key, id string, number int, content io.Reader, opts driver.PartOptions) (*driver.PartInfo, error) {
	algorithm, err := b.uploadChecksum(ctx, key, id)
	if err != nil {
		return nil, err
	}
	if err := opts.CheckPartSum(algorithm); err != nil {
		return nil, err
	}
	a := arrival{size: opts.Size}
	if algorithm != "" && opts.Sum == nil {
		a.first = &driver.Hasher{}
		a.first.Compute(algorithm)
	}
	sent, err := b.receive(ctx, content, a)
	if err != nil {
		return nil, err
	}
	defer sent.close()
	part := &driver.PartInfo{Number: number, Size: sent.size, Uploaded: b.now(), Checksum: algorithm}
	var put minio.PutObjectPartOptions
	if algorithm != "" {
		part.Sum = opts.Sum
		if a.first != nil {
			sums, _ := a.first.Verify() // nothing was given that could differ
			part.Sum = sums.Named(algorithm)
		}
		put.CustomHeader = http.Header{checksumHeader(algorithm): {base64.StdEncoding.EncodeToString(part.Sum)}}
	}
	stored, err := b.core.PutObjectPart(ctx, b.s3name, b.s3key(key), storeID(id), number, sent, sent.size, put)
	if sent.err != nil {
		return nil, sent.err
	}
	part.ETag = strings.Trim(stored.ETag, `"`)
	return part, b.explainUpload(ctx, err, key, id, driver.ErrNoSuchUpload)
}

// CopyPart has the store copy. MinIO makes no checksum of what it copies, so the
// content of an upload that has some passes through flint.
func (b *bucket) CopyPart(ctx context.Context, key, id string, number int, from driver.Bucket, fromKey string, opts driver.PartCopyOptions) (*driver.PartInfo, error) {
	src, ok := from.(*bucket)
	if !ok || src.store != b.store {
		return nil, errors.New("r2: a copy stays in one store")
	}
	algorithm, err := b.uploadChecksum(ctx, key, id)
	if err != nil {
		return nil, err
	}
	if algorithm != "" {
		return driver.ReadPart(ctx, b, key, id, number, from, fromKey, opts)
	}
	for range driver.MaxTries {
		part, err := b.copyPartOnce(ctx, key, id, number, src, fromKey, opts)
		if !errors.Is(err, errReplaced) {
			return part, err
		}
	}
	return nil, fmt.Errorf("object %q in bucket %s changes faster than it can be copied", fromKey, src.name)
}

func (b *bucket) copyPartOnce(ctx context.Context, key, id string, number int, src *bucket, fromKey string, opts driver.PartCopyOptions) (*driver.PartInfo, error) {
	o, err := src.Head(ctx, fromKey)
	if err != nil {
		return nil, err
	}
	if !opts.OnlyIf.Holds(o) {
		return nil, driver.ErrPreconditionFailed
	}
	span, err := opts.Range.Resolve(o)
	if err != nil {
		return nil, err
	}
	length := span.Length
	if length == o.Size { // S3 has no range of an empty object
		length = -1
	}
	part, err := b.core.CopyObjectPart(ctx, src.s3name, src.s3key(fromKey), b.s3name, b.s3key(key), storeID(id), number,
		span.Offset, length, map[string]string{"X-Amz-Copy-Source-If-Match": o.ETag})
	if conditionFailed(err) {
		return nil, errReplaced
	}
	if err != nil {
		return nil, b.explainUpload(ctx, err, key, id, driver.ErrNoSuchUpload)
	}
	return &driver.PartInfo{Number: number, ETag: strings.Trim(part.ETag, `"`), Size: span.Length, Uploaded: b.now()}, nil
}

// PartSpan asks the store, which knows of which parts it made an object.
func (b *bucket) PartSpan(ctx context.Context, key string, number int) (found driver.Span, count int, err error) {
	opts := minio.StatObjectOptions{PartNumber: number}
	info, err := b.core.StatObject(ctx, b.s3name, b.s3key(key), opts)
	switch {
	case noObject(err):
		b.found()
		return found, 0, driver.ErrNoSuchKey
	case isCode(err, "InvalidPart", "InvalidPartNumber", "InvalidRange", "416 Requested Range Not Satisfiable"):
		b.found()
		return b.pastParts(ctx, key)
	case err != nil:
		return found, 0, b.explain(ctx, err)
	}
	b.found()
	count, _ = strconv.Atoi(info.Headers.Get("X-Amz-Mp-Parts-Count")) // not there: put whole
	found.Length = info.Size
	if _, err := fmt.Sscanf(info.Headers.Get("Content-Range"), "bytes %d-", &found.Offset); err != nil {
		found.Offset = 0 // an empty object has no range
	}
	return found, count, nil
}

// pastParts is partSpan of a number that an object does not have.
func (b *bucket) pastParts(ctx context.Context, key string) (none driver.Span, count int, err error) {
	_, count, err = b.PartSpan(ctx, key, 1)
	return none, count, err
}

// uploadChecksum is the algorithm of an upload's checksums, which the store knows.
func (b *bucket) uploadChecksum(ctx context.Context, key, id string) (string, error) {
	if !ourUpload(key, id) {
		return "", driver.ErrNoSuchUpload
	}
	if algorithm, known := b.sums.get(storeID(id)); known {
		return algorithm, nil
	}
	l, err := b.ListParts(ctx, key, id, 0, 1)
	if err != nil {
		return "", err
	}
	return l.Checksum, nil
}

// of is what is known of a name; empty for nothing.
func (n *keyNames) of(name string) string {
	known, _ := n.get(name)
	return known
}

// storeAlgorithm is an algorithm of the store's if R2 has it, too.
func storeAlgorithm(name string) string {
	if driver.CheckAlgorithm(name) != nil {
		return ""
	}
	return name
}

// checksumType is what S3 says of the checksum of an object of parts.
func checksumType(algorithm string) string {
	if algorithm == driver.FullObject {
		return "FULL_OBJECT"
	}
	return "COMPOSITE"
}

func checksumHeader(algorithm string) string {
	return http.CanonicalHeaderKey("X-Amz-Checksum-" + algorithm)
}

// partSum is the checksum that the store has of a part.
func partSum(algorithm string, p *minio.ObjectPart) []byte {
	text := map[string]string{
		"CRC32": p.ChecksumCRC32, "CRC32C": p.ChecksumCRC32C, driver.FullObject: p.ChecksumCRC64NVME, "SHA1": p.ChecksumSHA1, "SHA256": p.ChecksumSHA256,
	}[algorithm]
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) == 0 {
		return nil
	}
	return sum
}

// completePart names a part for the store.
func completePart(algorithm string, p driver.StoredPart) minio.CompletePart {
	c := minio.CompletePart{PartNumber: p.Number, ETag: p.Etag}
	to := map[string]*string{
		"CRC32": &c.ChecksumCRC32, "CRC32C": &c.ChecksumCRC32C, driver.FullObject: &c.ChecksumCRC64NVME, "SHA1": &c.ChecksumSHA1, "SHA256": &c.ChecksumSHA256,
	}[algorithm]
	if to != nil {
		*to = base64.StdEncoding.EncodeToString(p.Sum)
	}
	return c
}

// completeOptions says which type of checksum the object is to have.
func (b *bucket) completeOptions(id string) (o minio.PutObjectOptions) {
	if algorithm := b.sums.of(storeID(id)); algorithm != "" {
		o.UserMetadata = map[string]string{"X-Amz-Checksum-Type": checksumType(algorithm)}
	}
	return o
}

// storeChecksums takes the checksum of an object of parts from the store. That of
// an object in one piece is in the note.
func storeChecksums(o *driver.Object, h http.Header) {
	_, count, parts := strings.Cut(o.ETag, "-")
	if !parts {
		return
	}
	for _, algorithm := range []string{"CRC32", "CRC32C", driver.FullObject, "SHA1", "SHA256"} {
		text, _, _ := strings.Cut(h.Get(checksumHeader(algorithm)), "-")
		sum, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(sum) == 0 {
			continue
		}
		o.Checksums.SetNamed(algorithm, sum)
		if algorithm != driver.FullObject {
			o.Checksums.Parts, _ = strconv.Atoi(count)
		}
		return
	}
}
