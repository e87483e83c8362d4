package driver

import (
	"encoding/hex"
	"time"
	"unicode/utf8"
)

// Storage classes. https://developers.cloudflare.com/r2/buckets/storage-classes/
const (
	Standard         = "Standard"
	InfrequentAccess = "InfrequentAccess"
)

// Object is what is known of an object besides its content.
type Object struct {
	Key          string
	Version      string // 32 hex digits, new with every put
	Size         int64  // bytes
	ETag         string // without quotes: hex MD5, or MD5 of the parts' MD5s and their count
	Uploaded     time.Time
	HTTP         HTTPMetadata
	Custom       []Field
	Checksums    Checksums
	StorageClass string
	SSECKeyMD5   string // hex MD5 of the key that the client had it encrypted with; empty for none

	Seal string // what is kept of that key
}

// SetSums takes the checksums of content in one piece, whose MD5 is the ETag.
func (o *Object) SetSums(sums Checksums) {
	o.Checksums, o.ETag = sums, hex.EncodeToString(sums.MD5)
}

// HTTPMetadata are the headers that R2 keeps with an object.
type HTTPMetadata struct {
	ContentType        string `json:"contentType,omitempty"`
	ContentLanguage    string `json:"contentLanguage,omitempty"`
	ContentDisposition string `json:"contentDisposition,omitempty"`
	ContentEncoding    string `json:"contentEncoding,omitempty"`
	CacheControl       string `json:"cacheControl,omitempty"`
	CacheExpiry        *int64 `json:"cacheExpiry,omitempty"` // milliseconds since 1970
}

// Field is a name and value of custom metadata.
type Field struct {
	Name  string `json:"k"`
	Value string `json:"v"`
}

// CheckKey bounds a key's length and keeps bytes out that no client can spell.
func CheckKey(key string) error {
	if len(key) > MaxKeySize || !utf8.ValidString(key) {
		return ErrInvalidObjectName
	}
	return nil
}

// CheckMetadata bounds the custom metadata as R2 counts it.
func CheckMetadata(fields []Field) error {
	var n int
	for _, f := range fields {
		n += serializedLength(f.Name) + serializedLength(f.Value)
	}
	if n > MaxMetadataSize {
		return ErrMetadataTooLarge
	}
	return nil
}

// serializedLength is R2's measure of a text: UTF-16 units, twice that if any
// of them does not fit a byte.
func serializedLength(s string) int {
	n, wide := 0, false
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
		wide = wide || r > 0xff
	}
	if wide {
		return 2 * n
	}
	return n
}

// StorageClass checks a class that a client gave; empty means fallback.
func StorageClass(class, fallback string) (string, error) {
	switch class {
	case "":
		return fallback, nil
	case Standard, InfrequentAccess:
		return class, nil
	}
	return "", ErrInvalidStorageClass
}

// DescribeCopy turns the description of a source into that of its copy.
func (o *Object) DescribeCopy(key, version string, opts CopyOptions) {
	o.Key, o.Version, o.StorageClass = key, version, opts.StorageClass
	if opts.Replace {
		o.HTTP, o.Custom = opts.HTTP, opts.Custom
	}
}

// Texts lists the texts of h.
func (h *HTTPMetadata) Texts() [5]*string {
	return [...]*string{&h.ContentType, &h.ContentLanguage, &h.ContentDisposition, &h.ContentEncoding, &h.CacheControl}
}
