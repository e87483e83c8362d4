package s3api

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"

	"flint/r2"
	"flint/r2/driver"
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
	{"CRC64NVME", 8, driver.NewCRC64NVME},
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

const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// typeOf is the type that the checksums of an upload of an algorithm have. R2 has
// one for each.
func typeOf(name string) string {
	switch name {
	case "":
		return ""
	case r2.FullObject:
		return fullObject
	}
	return composite
}

// objectType is the type of an object's checksums.
func objectType(sums r2.Checksums) string {
	if sums.Parts > 0 {
		return composite
	}
	return fullObject
}

// text writes a checksum as S3 does: one of parts has their number behind it.
func (c *checksum) text(sums r2.Checksums) string {
	sum := sums.Named(c.name)
	if sum == nil {
		return ""
	}
	text := base64.StdEncoding.EncodeToString(sum)
	if sums.Parts > 0 {
		text += "-" + strconv.Itoa(sums.Parts)
	}
	return text
}

// setChecksums writes what is known of a whole object.
func setChecksums(h http.Header, sums r2.Checksums) {
	for i := range checksums {
		if text := checksums[i].text(sums); text != "" {
			h.Set(checksums[i].header(), text)
			h.Set("X-Amz-Checksum-Type", objectType(sums))
		}
	}
}

// sumsXML are the checksums of an object or a part in an answer or a request.
type sumsXML struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
}

// values are the checksums in the order of checksums.
func (x *sumsXML) values() [5]*string {
	return [...]*string{&x.ChecksumCRC32, &x.ChecksumCRC32C, &x.ChecksumCRC64NVME, &x.ChecksumSHA1, &x.ChecksumSHA256}
}

// newSums writes checksums for an answer.
func newSums(sums r2.Checksums) (x sumsXML) {
	for i, to := range x.values() {
		*to = checksums[i].text(sums)
	}
	return x
}

// partSums writes the checksum of a part.
func partSums(p *r2.PartInfo) sumsXML {
	var sums r2.Checksums
	sums.SetNamed(p.Checksum, p.Sum)
	return newSums(sums)
}

// sum reads the one checksum of a part; nil if there is none.
func (x *sumsXML) sum() ([]byte, error) {
	for i, text := range x.values() {
		if *text != "" {
			return checksums[i].decode(*text)
		}
	}
	return nil, nil
}

// uploadChecksum reads of which algorithm and type the checksums of an upload
// are to be; "" for none.
func uploadChecksum(h http.Header) (string, error) {
	name, kind := h.Get("X-Amz-Checksum-Algorithm"), h.Get("X-Amz-Checksum-Type")
	if name == "" {
		if kind != "" {
			return "", errTypeAlone
		}
		return "", nil
	}
	c := checksumNamed(name)
	switch {
	case c == nil:
		return "", headerNotImplemented("x-amz-checksum-algorithm", name)
	case kind != "" && kind != fullObject && kind != composite:
		return "", invalidArgument("x-amz-checksum-type must be COMPOSITE or FULL_OBJECT, not %s.", kind)
	case kind != "" && kind != typeOf(c.name):
		return "", notImplemented("x-amz-checksum-type " + kind + " with x-amz-checksum-algorithm " + c.name)
	}
	return c.name, nil
}

// kept names the algorithms of which an object has a checksum.
func kept(sums r2.Checksums) (names []string) {
	for i := range checksums {
		if sums.Named(checksums[i].name) != nil {
			names = append(names, checksums[i].name)
		}
	}
	return names
}
