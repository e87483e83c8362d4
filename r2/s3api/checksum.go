package s3api

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"

	"flint/r2"
)

// checksum is one of the algorithms that R2 keeps with an object.
// https://developers.cloudflare.com/r2/api/s3/api/#checksum-types
type checksum struct {
	name string // as in x-amz-checksum-algorithm
	size int    // bytes
	new  func() hash.Hash
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var checksums = []checksum{
	{"CRC32", 4, func() hash.Hash { return crc32.NewIEEE() }},
	{"CRC32C", 4, func() hash.Hash { return crc32.New(castagnoli) }},
	{"CRC64NVME", 8, r2.NewCRC64NVME},
	{"SHA1", 20, sha1.New},
	{"SHA256", 32, sha256.New},
}

const checksumPrefix = "x-amz-checksum-"

// header is where a checksum of the algorithm stands.
func (c *checksum) header() string { return checksumPrefix + strings.ToLower(c.name) }

func (c *checksum) decode(text string) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != c.size {
		return nil, errInvalidDigest
	}
	return sum, nil
}

// checksumNamed finds an algorithm by its name; nil if there is none.
func checksumNamed(name string) *checksum {
	for i := range checksums {
		if strings.EqualFold(checksums[i].name, name) {
			return &checksums[i]
		}
	}
	return nil
}

// announced finds the one checksum of a request's body: in a header, with its
// value, or as a trailer, whose value is still to come.
func announced(h http.Header) (c *checksum, sum []byte, err error) {
	for i := range checksums {
		if text := h.Get(checksums[i].header()); text != "" {
			if c != nil {
				return nil, nil, errManyChecksums
			}
			c = &checksums[i]
			if sum, err = c.decode(text); err != nil {
				return nil, nil, err
			}
		}
	}
	if trailer := strings.ToLower(strings.TrimSpace(h.Get("X-Amz-Trailer"))); trailer != "" {
		named := checksumNamed(strings.TrimPrefix(trailer, checksumPrefix))
		switch {
		case named == nil || !strings.HasPrefix(trailer, checksumPrefix):
			return nil, nil, failuref(http.StatusBadRequest, "InvalidRequest", "The value specified in the x-amz-trailer header is not supported: %s", trailer)
		case c != nil:
			return nil, nil, errManyChecksums
		}
		c = named
	}
	if c == nil && h.Get("X-Amz-Sdk-Checksum-Algorithm") != "" {
		return nil, nil, errNoChecksum
	}
	return c, sum, nil
}

// of is where r2 keeps the checksums of the algorithm.
func (c *checksum) of(sums *r2.Checksums) *[]byte {
	switch c.name {
	case "CRC32":
		return &sums.CRC32
	case "CRC32C":
		return &sums.CRC32C
	case "CRC64NVME":
		return &sums.CRC64NVME
	case "SHA1":
		return &sums.SHA1
	}
	return &sums.SHA256
}

// setChecksums writes what is known of a whole object.
func setChecksums(h http.Header, sums r2.Checksums) {
	for i := range checksums {
		if sum := *checksums[i].of(&sums); sum != nil {
			h.Set(checksums[i].header(), base64.StdEncoding.EncodeToString(sum))
			h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		}
	}
}

// kept names the algorithms of which an object has a checksum.
func kept(sums r2.Checksums) (names []string) {
	for i := range checksums {
		if *checksums[i].of(&sums) != nil {
			names = append(names, checksums[i].name)
		}
	}
	return names
}
