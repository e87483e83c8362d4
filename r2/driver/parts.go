package driver

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"

	"github.com/minio/minio-go/v7"

	"flint/internal/cferr"
)

// StoredPart is a row of upload_parts.
type StoredPart struct {
	Number     int
	Blob, Etag string
	Size       int64
	Md5, Sum   []byte // sum: by the upload's algorithm
}

// Choose finds the parts that the client names and holds them against R2's rules.
func Choose(stored map[int]StoredPart, parts []Part, minSize int64) ([]StoredPart, error) {
	chosen := make([]StoredPart, 0, len(parts))
	seen := make(map[int]bool, len(parts))
	for _, p := range parts {
		if seen[p.Number] {
			return nil, cferr.Internal
		}
		seen[p.Number] = true
	}
	for _, p := range parts {
		s, ok := stored[p.Number]
		if !ok || s.Etag != p.ETag || p.Sum != nil && !bytes.Equal(p.Sum, s.Sum) {
			return nil, ErrInvalidPart
		}
		chosen = append(chosen, s)
	}
	if len(chosen) < 2 {
		return chosen, nil
	}
	for _, s := range chosen[:len(chosen)-1] {
		if s.Size < minSize {
			return nil, ErrEntityTooSmall
		}
	}
	slices.SortFunc(chosen, func(a, b StoredPart) int { return a.Number - b.Number })
	size, last := chosen[0].Size, chosen[len(chosen)-1]
	for _, s := range chosen[:len(chosen)-1] {
		if s.Size < minSize || s.Size != size {
			return nil, ErrBadUpload
		}
	}
	if last.Size > size {
		return nil, ErrBadUpload
	}
	return chosen, nil
}

// Combine is the checksum of an object of parts, which are in order.
func Combine(algorithm string, parts []StoredPart) (Checksums, error) {
	var sums Checksums
	if algorithm == "" || len(parts) == 0 {
		return sums, nil
	}
	if algorithm == FullObject {
		merge := make([]minio.ObjectPart, len(parts))
		for i, p := range parts {
			merge[i] = minio.ObjectPart{PartNumber: p.Number, Size: p.Size, ChecksumCRC64NVME: base64.StdEncoding.EncodeToString(p.Sum)}
		}
		sum, err := minio.ChecksumCRC64NVME.FullObjectChecksum(merge)
		if err != nil {
			return sums, err
		}
		sums.CRC64NVME = sum.Raw()
		return sums, nil
	}
	h := algorithms[algorithmNamed(algorithm)].make()
	for _, p := range parts {
		h.Write(p.Sum)
	}
	sums.SetNamed(algorithm, h.Sum(nil))
	sums.Parts = len(parts)
	return sums, nil
}

// ReadPart is copyPart by way of flint.
func ReadPart(ctx context.Context, to Bucket, key, id string, number int, from Bucket, fromKey string, opts PartCopyOptions) (*PartInfo, error) {
	body, err := from.Get(ctx, fromKey, opts.GetOptions)
	if err != nil {
		return nil, err
	}
	defer body.Content.Close()
	return to.UploadPart(ctx, key, id, number, body.Content, PartOptions{Size: body.Span.Length, SSECKey: opts.PartKey})
}

// CheckPart checks the key of an upload and the number of a part.
func CheckPart(key string, number int) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if number < 1 || number > MaxParts {
		return ErrInvalidPartNumber
	}
	return nil
}
