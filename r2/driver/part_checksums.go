package driver

import (
	"strings"
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
		return *c.List()[i]
	}
	return nil
}

// Algorithm is S3's name of the first one of which there is a checksum beside
// the MD5; empty if there is none.
func (c Checksums) Algorithm() string {
	for i, sum := range c.List() {
		if i > 0 && *sum != nil {
			return strings.ReplaceAll(algorithms[i].name, "-", "")
		}
	}
	return ""
}

// SetNamed sets the checksum of the algorithm that S3 calls name.
func (c *Checksums) SetNamed(name string, sum []byte) {
	if i := algorithmNamed(name); i >= 0 {
		*c.List()[i] = sum
	}
}

// CheckAlgorithm refuses what no upload can have. Empty is none.
func CheckAlgorithm(name string) error {
	switch name {
	case "", "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256":
		return nil
	}
	return errAlgorithm(name)
}

// Compute makes a hasher compute the checksum of the algorithm that S3 calls name, too.
func (h *Hasher) Compute(name string) {
	if i := algorithmNamed(name); i >= 0 && h.sums[i] == nil {
		h.sums[i] = algorithms[i].make()
	}
}
