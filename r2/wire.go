package r2

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"flint/r2/driver"
)

// The JSON that workerd and an R2 bucket exchange: r2-api.capnp in capnp's
// JSON form, in which 64-bit numbers may be strings.

// request is the JSON part of a call.
type request struct {
	Method       string           `json:"method"`
	Object       *string          `json:"object"`
	Objects      []string         `json:"objects"`
	Range        *wireRange       `json:"range"`
	RangeHeader  string           `json:"rangeHeader"`
	OnlyIf       *wireConditional `json:"onlyIf"`
	SSEC         *wireSSEC        `json:"ssec"`
	CustomFields []Field          `json:"customFields"`
	HTTPFields   wireHTTP         `json:"httpFields"`
	MD5          base64Data       `json:"md5"` // sic: alone in base64
	SHA1         hexData          `json:"sha1"`
	SHA256       hexData          `json:"sha256"`
	SHA384       hexData          `json:"sha384"`
	SHA512       hexData          `json:"sha512"`
	StorageClass string           `json:"storageClass"`
	UploadID     string           `json:"uploadId"`
	PartNumber   int              `json:"partNumber"`
	Parts        []wirePart       `json:"parts"`
	Limit        *number          `json:"limit"`
	Prefix       string           `json:"prefix"`
	Cursor       string           `json:"cursor"`
	Delimiter    string           `json:"delimiter"`
	StartAfter   string           `json:"startAfter"`
	Include      []int            `json:"include"` // 0: HTTP, 1: custom metadata
	NewRuntime   bool             `json:"newRuntime"`

	ssecKey *SSECKey // that SSEC holds
}

// parseRequest reads the JSON part of a call.
func parseRequest(data []byte) (*request, error) {
	r := &request{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, ErrInvalidRequest
	}
	if r.Object == nil && r.Method != "list" && (r.Method != "delete" || r.Objects == nil) {
		return nil, ErrInvalidRequest
	}
	if r.SSEC != nil {
		var err error
		if r.ssecKey, err = driver.ParseSSECKey(r.SSEC.Key); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *request) key() string {
	if r.Object == nil {
		return ""
	}
	return *r.Object
}

func (r *request) getOptions() GetOptions {
	opts := GetOptions{OnlyIf: r.OnlyIf.conditional(), SSECKey: r.ssecKey}
	switch {
	case r.RangeHeader != "":
		opts.Range = &Range{Header: r.RangeHeader}
	case r.Range != nil:
		opts.Range = &Range{Offset: r.Range.Offset.size(), Length: r.Range.Length.size(), Suffix: r.Range.Suffix.size()}
	}
	return opts
}

func (r *request) putOptions(size int64) PutOptions {
	return PutOptions{
		HTTP: r.HTTPFields.metadata(), Custom: r.CustomFields, OnlyIf: r.OnlyIf.conditional(),
		Checksums:    Checksums{MD5: []byte(r.MD5), SHA1: []byte(r.SHA1), SHA256: []byte(r.SHA256), SHA384: []byte(r.SHA384), SHA512: []byte(r.SHA512)},
		StorageClass: r.StorageClass, Size: size, SSECKey: r.ssecKey,
	}
}

func (r *request) listOptions() (ListOptions, error) {
	opts := ListOptions{Prefix: r.Prefix, Delimiter: r.Delimiter, Cursor: r.Cursor, StartAfter: r.StartAfter}
	if r.Limit != nil {
		// Zero means "no limit given" to List, not to the client.
		if *r.Limit == 0 || *r.Limit > MaxListKeys {
			return opts, ErrInvalidMaxKeys
		}
		opts.Limit = int(*r.Limit)
	}
	for _, field := range r.Include {
		opts.IncludeHTTP = opts.IncludeHTTP || field == 0
		opts.IncludeCustom = opts.IncludeCustom || field == 1
	}
	if !r.NewRuntime { // one that does not know include expects everything
		opts.IncludeHTTP, opts.IncludeCustom = true, true
	}
	if opts.IncludeHTTP || opts.IncludeCustom {
		if opts.Limit == 0 || opts.Limit > MaxListKeysWithMetadata {
			opts.Limit = MaxListKeysWithMetadata
		}
	}
	return opts, nil
}

func (r *request) parts() []Part {
	parts := make([]Part, len(r.Parts))
	for i, p := range r.Parts {
		parts[i] = Part{Number: p.Part, ETag: p.ETag}
	}
	return parts
}

// wireSSEC is the client's key, in hex.
type wireSSEC struct {
	Key string `json:"key"`
}

type wirePart struct {
	ETag string `json:"etag"`
	Part int    `json:"part"`
}

type wireRange struct {
	Offset *number `json:"offset"`
	Length *number `json:"length"`
	Suffix *number `json:"suffix"`
}

type wireETag struct {
	Type  string `json:"type"` // strong, weak, wildcard
	Value string `json:"value"`
}

type wireConditional struct {
	EtagMatches        []wireETag `json:"etagMatches"`
	EtagDoesNotMatch   []wireETag `json:"etagDoesNotMatch"`
	UploadedBefore     *number    `json:"uploadedBefore"`
	UploadedAfter      *number    `json:"uploadedAfter"`
	SecondsGranularity bool       `json:"secondsGranularity"`
}

func (w *wireConditional) conditional() *Conditional {
	if w == nil {
		return nil
	}
	return &Conditional{
		Matches: etags(w.EtagMatches), DoesNotMatch: etags(w.EtagDoesNotMatch),
		UploadedBefore: w.UploadedBefore.time(), UploadedAfter: w.UploadedAfter.time(), Seconds: w.SecondsGranularity,
	}
}

func etags(list []wireETag) []ETag {
	var out []ETag
	for _, t := range list {
		out = append(out, ETag{Value: t.Value, Weak: t.Type == "weak", Any: t.Type == "wildcard"})
	}
	return out
}

type wireHTTP struct {
	HTTPMetadata
	CacheExpiry *number `json:"cacheExpiry"` // hides the embedded one
}

func (w *wireHTTP) metadata() HTTPMetadata {
	m := w.HTTPMetadata
	if w.CacheExpiry != nil {
		m.CacheExpiry = w.CacheExpiry.millis()
	}
	return m
}

// number is an unsigned 64-bit number, written as such or as a string.
type number uint64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	s := string(data)
	if len(s) >= 2 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	u, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		// The double that a JavaScript client would send.
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || !(f >= 0) || f >= math.MaxUint64 {
			return err
		}
		u = uint64(f)
	}
	*n = number(u)
	return nil
}

// size is n as a count of bytes; what no object can have becomes the largest.
func (n *number) size() *int64 {
	if n == nil {
		return nil
	}
	v := int64(min(uint64(*n), math.MaxInt64))
	return &v
}

// millis is n as a signed time: dates before 1970 come in two's complement.
func (n *number) millis() *int64 {
	v := int64(*n)
	return &v
}

func (n *number) time() *time.Time {
	if n == nil {
		return nil
	}
	t := time.UnixMilli(*n.millis())
	return &t
}

type base64Data []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *base64Data) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	*d = raw
	return err
}

type hexData []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *hexData) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*d = raw
	return err
}

// metadata says which optional parts of an object an answer carries.
type metadata struct {
	http, custom bool
	span         *Span
}

var allMetadata = metadata{http: true, custom: true}

// appendObject appends an R2HeadResponse. It is on the path of every call,
// which is why it does without reflection.
func appendObject(b []byte, o *Object, with metadata) []byte {
	b = append(b, `{"name":`...)
	b = appendString(b, o.Key)
	b = append(b, `,"version":`...)
	b = appendString(b, o.Version)
	b = append(b, `,"size":`...)
	b = strconv.AppendInt(b, o.Size, 10)
	b = append(b, `,"etag":`...)
	b = appendString(b, o.ETag)
	b = append(b, `,"uploaded":`...)
	b = strconv.AppendInt(b, o.Uploaded.UnixMilli(), 10)
	b = append(b, `,"storageClass":`...)
	b = appendString(b, o.StorageClass)
	if with.http {
		b = appendHTTP(append(b, `,"httpFields":`...), o.HTTP)
	}
	if with.custom {
		b = appendCustom(append(b, `,"customFields":`...), o.Custom)
	}
	if with.span != nil {
		b = append(b, `,"range":{"offset":`...)
		b = strconv.AppendInt(b, with.span.Offset, 10)
		b = append(b, `,"length":`...)
		b = strconv.AppendInt(b, with.span.Length, 10)
		b = append(b, '}')
	}
	if o.SSECKeyMD5 != "" {
		b = appendString(append(b, `,"ssec":{"algorithm":"aes256","keyMd5":`...), o.SSECKeyMD5)
		b = append(b, '}')
	}
	b = appendChecksums(append(b, `,"checksums":`...), &o.Checksums)
	return append(b, '}')
}

func appendHTTP(b []byte, h HTTPMetadata) []byte {
	b = append(b, '{')
	start := len(b)
	for _, f := range [...]struct{ name, value string }{
		{"contentType", h.ContentType}, {"contentLanguage", h.ContentLanguage}, {"contentDisposition", h.ContentDisposition},
		{"contentEncoding", h.ContentEncoding}, {"cacheControl", h.CacheControl},
	} {
		if f.value != "" {
			b = appendString(appendName(b, start, f.name), f.value)
		}
	}
	if h.CacheExpiry != nil {
		b = strconv.AppendUint(appendName(b, start, "cacheExpiry"), uint64(*h.CacheExpiry), 10)
	}
	return append(b, '}')
}

func appendCustom(b []byte, fields []Field) []byte {
	b = append(b, '[')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"k":`...), f.Name)
		b = appendString(append(b, `,"v":`...), f.Value)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendChecksums(b []byte, c *Checksums) []byte {
	b = append(b, '{')
	start := len(b)
	whole := c.OfContent()
	sums := whole.List()
	for i, sum := range sums[:driver.Numbered] {
		if *sum != nil {
			b = appendName(b, start, string(rune('0'+i)))
			b = append(b, '"')
			b = hex.AppendEncode(b, *sum)
			b = append(b, '"')
		}
	}
	return append(b, '}')
}

// appendName begins a member of the object whose members start at start.
func appendName(b []byte, start int, name string) []byte {
	if len(b) > start {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, `":`...)
}

// appendListing appends an R2ListResponse.
func appendListing(b []byte, l *Listing, with metadata) []byte {
	b = append(b, `{"objects":[`...)
	for i, o := range l.Objects {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendObject(b, o, with)
	}
	b = append(b, `],"truncated":`...)
	b = strconv.AppendBool(b, l.Truncated())
	if l.Truncated() {
		b = appendString(append(b, `,"cursor":`...), l.Cursor)
	}
	b = append(b, `,"delimitedPrefixes":[`...)
	for i, p := range l.Prefixes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, p)
	}
	return append(b, "]}"...)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			continue
		}
		if c >= utf8.RuneSelf {
			// Keys are checked, but a header of the REST API may hold any byte.
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size - 1
				continue
			}
			b = append(append(b, s[start:i]...), "\ufffd"...)
			start = i + 1
			continue
		}
		b = append(b, s[start:i]...)
		if c < 0x20 {
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
		start = i + 1
	}
	return append(append(b, s[start:]...), '"')
}
