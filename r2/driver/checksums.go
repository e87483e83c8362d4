package driver

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strconv"
)

// Checksums of an object's content. MD5 is known of every object that was put
// in one piece; the others only if the uploader gave them.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#checksums
type Checksums struct {
	MD5, SHA1, SHA256, SHA384, SHA512 []byte
	// What the S3 API knows besides.
	// https://developers.cloudflare.com/r2/api/s3/api/#checksum-types
	CRC32, CRC32C, CRC64NVME []byte
	// Parts says of how many parts' checksums these are; 0: they are of the content itself.
	Parts int
}

// crc64NVME is the polynomial of CRC-64/NVME, reflected.
const crc64NVME = 0x9a6c9329ac4bc9b5

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(crc64NVME)
)

// NewCRC64NVME is the checksum that S3 calls CRC64NVME.
func NewCRC64NVME() hash.Hash { return crc64.New(nvme) }

// algorithms in the order in which R2 numbers them; the CRCs have no number.
var algorithms = [8]struct {
	name string
	make func() hash.Hash
}{
	{"MD5", md5.New}, {"SHA-1", sha1.New}, {"SHA-256", sha256.New}, {"SHA-384", sha512.New384}, {"SHA-512", sha512.New},
	{"CRC32", func() hash.Hash { return crc32.NewIEEE() }},
	{"CRC32C", func() hash.Hash { return crc32.New(castagnoli) }},
	{"CRC64NVME", NewCRC64NVME},
}

// Numbered is how many of them the binding knows.
const Numbered = 5

// List is the checksums in the order of the algorithms.
func (c *Checksums) List() [8]*[]byte {
	return [8]*[]byte{&c.MD5, &c.SHA1, &c.SHA256, &c.SHA384, &c.SHA512, &c.CRC32, &c.CRC32C, &c.CRC64NVME}
}

// With adds what more has to c.
func (c Checksums) With(more Checksums) Checksums {
	to := c.List()
	for i, sum := range more.List() {
		if *sum != nil {
			*to[i] = *sum
		}
	}
	return c
}

// OfContent are the checksums of the whole content.
func (c Checksums) OfContent() Checksums {
	if c.Parts > 0 {
		return Checksums{MD5: c.MD5}
	}
	return c
}

// sealName is what the seal of the client's key stands under among the sums.
const sealName = "SSE-C"

// partsName is what Checksums.Parts stands under.
const partsName = "parts"

// Text is what the table keeps: the sums beside the MD5, which is the ETag, and
// the seal of the key that the client had the object encrypted with.
func (c Checksums) Text(seal string) string {
	c.MD5 = nil
	sums := map[string]string{}
	if seal != "" {
		sums[sealName] = seal
	}
	if c.Parts > 0 {
		sums[partsName] = strconv.Itoa(c.Parts)
	}
	for i, sum := range c.List() {
		if *sum != nil {
			sums[algorithms[i].name] = hex.EncodeToString(*sum)
		}
	}
	if len(sums) == 0 {
		return ""
	}
	text, _ := json.Marshal(sums) // a map of strings cannot fail
	return string(text)
}

// ParseChecksums undoes text and adds the MD5 that a plain ETag is.
func ParseChecksums(text, etag string) (c Checksums, seal string, err error) {
	if len(etag) == 2*md5.Size {
		c.MD5, _ = hex.DecodeString(etag) // ours, thus hex
	}
	if text == "" {
		return c, "", nil
	}
	var sums map[string]string
	if err := json.Unmarshal([]byte(text), &sums); err != nil {
		return c, "", err
	}
	for i, sum := range c.List() {
		if s, ok := sums[algorithms[i].name]; ok {
			*sum, _ = hex.DecodeString(s)
		}
	}
	c.Parts, _ = strconv.Atoi(sums[partsName]) // ours, or not there
	return c, sums[sealName], nil
}

// Hasher computes the MD5 and whatever else the uploader gave.
type Hasher struct {
	given Checksums
	sums  [8]hash.Hash
}

// NewHasher makes a hasher for MD5 and for what the uploader promised.
func NewHasher(given Checksums) *Hasher {
	h := &Hasher{given: given}
	h.sums[0] = md5.New()
	for i, sum := range h.given.List() {
		if *sum != nil && i > 0 {
			h.sums[i] = algorithms[i].make()
		}
	}
	return h
}

// Write implements io.Writer.
func (h *Hasher) Write(p []byte) (int, error) {
	for _, sum := range h.sums {
		if sum != nil {
			sum.Write(p)
		}
	}
	return len(p), nil
}

// Verify compares with what was given and returns what was computed.
func (h *Hasher) Verify() (Checksums, error) {
	var actual Checksums
	given, out := h.given.List(), actual.List()
	for i, sum := range h.sums {
		if sum == nil {
			continue
		}
		*out[i] = sum.Sum(nil)
		if *given[i] != nil && !bytes.Equal(*given[i], *out[i]) {
			return actual, badDigest(algorithms[i].name, *given[i], *out[i])
		}
	}
	return actual, nil
}
