package r2

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Checksums of multipart uploads. An upload has one algorithm at most. Its object
// has the checksum of its parts' checksums (COMPOSITE), or, of CRC64NVME, that of
// the whole content (FULL_OBJECT). R2 has no other combinations.
// https://developers.cloudflare.com/r2/api/s3/api/#checksum-types

// FullObject is the algorithm whose checksum of parts is that of the whole.
const FullObject = "CRC64NVME"

// algorithmNamed is the place in algorithms of the one that S3 calls name, which
// has no dash; negative if R2 keeps none of that name with an upload.
func algorithmNamed(name string) int {
	for i := range algorithms {
		if name != "" && strings.ReplaceAll(algorithms[i].name, "-", "") == name {
			return i
		}
	}
	return -1
}

// Named is the checksum of the algorithm that S3 calls name; nil if there is none.
func (c Checksums) Named(name string) []byte {
	if i := algorithmNamed(name); i >= 0 {
		return *c.list()[i]
	}
	return nil
}

// algorithm is S3's name of the first one of which there is a checksum beside
// the MD5; empty if there is none.
func (c Checksums) algorithm() string {
	for i, sum := range c.list() {
		if i > 0 && *sum != nil {
			return strings.ReplaceAll(algorithms[i].name, "-", "")
		}
	}
	return ""
}

// SetNamed sets the checksum of the algorithm that S3 calls name.
func (c *Checksums) SetNamed(name string, sum []byte) {
	if i := algorithmNamed(name); i >= 0 {
		*c.list()[i] = sum
	}
}

// checkAlgorithm refuses what no upload can have. Empty is none.
func checkAlgorithm(name string) error {
	switch name {
	case "", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256":
		return nil
	}
	return errAlgorithm(name)
}

// compute makes a hasher compute the checksum of the algorithm that S3 calls name, too.
func (h *hasher) compute(name string) {
	if i := algorithmNamed(name); i >= 0 && h.sums[i] == nil {
		h.sums[i] = algorithms[i].make()
	}
}

// checkPartSum holds the checksum that a part came with against its upload's algorithm.
func (o *PartOptions) checkPartSum(algorithm string) error {
	if o.Checksum != "" && algorithm != "" && o.Checksum != algorithm {
		return errChecksumType(algorithm, o.Checksum)
	}
	return nil
}

// combine is the checksum of an object of parts, which are in order.
func combine(algorithm string, parts []storedPart) (Checksums, error) {
	var sums Checksums
	if algorithm == "" || len(parts) == 0 {
		return sums, nil
	}
	if algorithm == FullObject {
		merge := make([]minio.ObjectPart, len(parts))
		for i, p := range parts {
			merge[i] = minio.ObjectPart{PartNumber: p.number, Size: p.size, ChecksumCRC64NVME: base64.StdEncoding.EncodeToString(p.sum)}
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
		h.Write(p.sum)
	}
	sums.SetNamed(algorithm, h.Sum(nil))
	sums.Parts = len(parts)
	return sums, nil
}

// CompleteOptions are what the client knows of the object that an upload makes.
type CompleteOptions struct {
	Size     *int64 // bytes; nil: not given
	Checksum string // S3's name of an algorithm; empty: none
	Sum      []byte // of the object, as Checksum has it
}

// check holds the object that would be made against what the client knows.
func (o *CompleteOptions) check(size int64, sums Checksums) error {
	if o.Size != nil && *o.Size != size {
		return errObjectSize(*o.Size, size)
	}
	if got := sums.Named(o.Checksum); o.Checksum != "" && !bytes.Equal(got, o.Sum) {
		return badDigest(o.Checksum, o.Sum, got)
	}
	return nil
}
