package s3

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"flint/r2/driver"
)

// What S3 has a header for is in that header, for other programs to see. What
// does not fit (names with capitals, text beyond ASCII, milliseconds, checksums,
// the version) is in noteHeader, as JSON in base64.
const (
	metaPrefix = "X-Amz-Meta-"
	noteName   = "flint"
	noteHeader = metaPrefix + "Flint"
)

// note is what noteHeader says.
type note struct {
	Version  string               `json:"v"`
	Uploaded int64                `json:"u,omitempty"` // milliseconds since 1970; 0: when the store says, and Skew later
	Skew     int64                `json:"k,omitempty"`
	Class    string               `json:"c,omitempty"`
	HTTP     *driver.HTTPMetadata `json:"h,omitempty"` // values that are in no header
	NoType   bool                 `json:"t,omitempty"` // the Content-Type is the store's
	Custom   []noteField          `json:"m,omitempty"` // all fields in order; none: those in headers, by name
	Sums     string               `json:"s,omitempty"` // Checksums.text
}

// noteField is a field of custom metadata; without a value it is in a header.
type noteField struct {
	Name  string  `json:"k"`
	Value *string `json:"v,omitempty"`
}

// meta is what goes with an object: headers of S3 and custom ones.
type meta struct {
	http driver.HTTPMetadata // what is in headers
	user map[string]string
}

// encodeMeta encodes an object. skew is that of a multipart upload, whose moment
// of completion only the store knows.
func encodeMeta(o *driver.Object, skew int64) (*meta, error) {
	m := &meta{user: map[string]string{}}
	n := note{Version: o.Version, Skew: skew, Class: o.StorageClass, NoType: o.HTTP.ContentType == "", Sums: o.Checksums.Text("")}
	if !o.Uploaded.IsZero() {
		n.Uploaded = o.Uploaded.UnixMilli()
	}
	m.splitHTTP(o.HTTP, &n)
	m.splitCustom(o.Custom, &n)
	text, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	m.user[metaPrefix+noteName] = base64.RawStdEncoding.EncodeToString(text)
	total := 0
	for name, value := range m.user {
		total += len(name) + len(value)
	}
	if total > maxMetadata {
		return nil, errMetadata
	}
	return m, nil
}

func (m *meta) splitHTTP(h driver.HTTPMetadata, n *note) {
	var rest driver.HTTPMetadata
	m.http = h
	to, noted := m.http.Texts(), rest.Texts()
	for i, s := range to {
		if !driver.HeaderText(*s) {
			*noted[i], *s = *s, ""
		}
	}
	rest.CacheExpiry = h.CacheExpiry
	if rest != (driver.HTTPMetadata{}) {
		n.HTTP = &rest
	}
}

func (m *meta) splitCustom(fields []driver.Field, n *note) {
	plain := slices.IsSortedFunc(fields, func(a, b driver.Field) int { return cmp.Compare(a.Name, b.Name) })
	seen := map[string]bool{}
	for _, f := range fields {
		if headerName(f.Name) && driver.HeaderText(f.Value) && !seen[f.Name] && f.Value != "" {
			n.Custom = append(n.Custom, noteField{Name: f.Name})
			m.user[metaPrefix+f.Name] = f.Value
		} else {
			n.Custom = append(n.Custom, noteField{f.Name, &f.Value})
			plain = false
		}
		seen[f.Name] = true
	}
	if plain {
		n.Custom = nil
	}
}

// headerName reports whether a name survives as the name of a header.
func headerName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return name != "" && name != noteName
}

// expires is the header of that name, as far as it can say it.
func expiresOf(h *driver.HTTPMetadata) time.Time {
	if h.CacheExpiry == nil || *h.CacheExpiry < 0 || *h.CacheExpiry >= 253402300800000 { // the year 10000
		return time.Time{}
	}
	return time.UnixMilli(*h.CacheExpiry).UTC()
}

func (m *meta) putOptions(class string) minio.PutObjectOptions {
	return minio.PutObjectOptions{
		ContentType: m.http.ContentType, ContentLanguage: m.http.ContentLanguage, ContentDisposition: m.http.ContentDisposition,
		ContentEncoding: m.http.ContentEncoding, CacheControl: m.http.CacheControl, Expires: expiresOf(&m.http),
		UserMetadata: m.user, StorageClass: class,
	}
}

// copyHeaders are those of a copy with metadata of its own.
func (m *meta) copyHeaders(class string) map[string]string {
	headers := map[string]string{"X-Amz-Metadata-Directive": "REPLACE"}
	for name, values := range m.putOptions(class).Header() {
		headers[name] = values[0]
	}
	return headers
}

// decodeObject decodes what a store says of an object. h has its metadata.
func decodeObject(key string, info minio.ObjectInfo, h http.Header) (*driver.Object, error) {
	o := &driver.Object{Key: key, Size: info.Size, ETag: strings.Trim(info.ETag, `"`)}
	var n note
	if text := h.Get(noteHeader); text != "" {
		raw, err := base64.RawStdEncoding.DecodeString(text)
		if err == nil {
			err = json.Unmarshal(raw, &n)
		}
		if err != nil {
			return nil, fmt.Errorf("the metadata %s of object %q in the S3 store is not what flint wrote: %w", noteHeader, key, err)
		}
	} else {
		n = foreign(o, info, h)
	}
	o.Version, o.StorageClass = n.Version, cmp.Or(n.Class, driver.Standard)
	o.Uploaded = info.LastModified.Add(time.Duration(n.Skew) * time.Millisecond).UTC()
	if n.Uploaded != 0 {
		o.Uploaded = time.UnixMilli(n.Uploaded).UTC()
	}
	joinHTTP(o, h, &n)
	joinCustom(o, h, &n)
	var err error
	o.Checksums, _, err = driver.ParseChecksums(n.Sums, o.ETag)
	if o.Checksums.Algorithm() == "" {
		storeChecksums(o, h)
	}
	return o, err
}

// foreign is the note of an object that another program wrote.
func foreign(o *driver.Object, info minio.ObjectInfo, h http.Header) note {
	sum := sha256.Sum256([]byte(o.ETag + info.LastModified.String()))
	n := note{Version: hex.EncodeToString(sum[:16]), Class: r2Class(cmp.Or(h.Get("X-Amz-Storage-Class"), info.StorageClass))}
	if t, err := http.ParseTime(h.Get("Expires")); err == nil {
		millis := t.UnixMilli()
		n.HTTP = &driver.HTTPMetadata{CacheExpiry: &millis}
	}
	return n
}

func joinHTTP(o *driver.Object, h http.Header, n *note) {
	names := [...]string{"Content-Type", "Content-Language", "Content-Disposition", "Content-Encoding", "Cache-Control"}
	for i, text := range o.HTTP.Texts() {
		*text = h.Get(names[i])
	}
	if n.NoType {
		o.HTTP.ContentType = ""
	}
	if n.HTTP == nil {
		return
	}
	o.HTTP.CacheExpiry = n.HTTP.CacheExpiry
	for i, text := range n.HTTP.Texts() {
		if *text != "" {
			*o.HTTP.Texts()[i] = *text
		}
	}
}

func joinCustom(o *driver.Object, h http.Header, n *note) {
	if n.Custom != nil {
		for _, f := range n.Custom {
			if f.Value != nil {
				o.Custom = append(o.Custom, driver.Field{Name: f.Name, Value: *f.Value})
			} else {
				o.Custom = append(o.Custom, driver.Field{Name: f.Name, Value: h.Get(metaPrefix + f.Name)})
			}
		}
		return
	}
	for name, values := range h {
		if own, ok := strings.CutPrefix(name, metaPrefix); ok && name != noteHeader {
			o.Custom = append(o.Custom, driver.Field{Name: strings.ToLower(own), Value: strings.Join(values, ",")})
		}
	}
	slices.SortFunc(o.Custom, func(a, b driver.Field) int { return cmp.Compare(a.Name, b.Name) })
}
