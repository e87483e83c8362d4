package s3api

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"flint/r2"
	"flint/r2/driver"
)

const metaPrefix = "X-Amz-Meta-"

// httpMetadata are the headers that R2 keeps with an object.
func httpMetadata(h http.Header) (r2.HTTPMetadata, error) {
	m := r2.HTTPMetadata{
		ContentType: h.Get("Content-Type"), ContentLanguage: h.Get("Content-Language"), ContentDisposition: h.Get("Content-Disposition"),
		ContentEncoding: contentEncoding(h), CacheControl: h.Get("Cache-Control"),
	}
	if text := h.Get("Expires"); text != "" {
		at, err := http.ParseTime(text)
		if err != nil {
			return m, errExpiresDate
		}
		ms := at.UnixMilli()
		m.CacheExpiry = &ms
	}
	return m, nil
}

// contentEncoding is the encoding of the content itself: aws-chunked is only
// how the body travels.
func contentEncoding(h http.Header) string {
	var kept []string
	for part := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if part = strings.TrimSpace(part); part != "" && !strings.EqualFold(part, "aws-chunked") {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

var words mime.WordDecoder

// customMetadata are the x-amz-meta- headers, their values decoded as RFC 2047
// has it. https://developers.cloudflare.com/r2/api/s3/extensions/#extended-metadata-using-unicode
func customMetadata(h http.Header) ([]r2.Field, error) {
	var fields []r2.Field
	for name, values := range h {
		key, ok := strings.CutPrefix(name, metaPrefix)
		if !ok {
			continue
		}
		text := strings.Join(values, ",")
		value, err := words.DecodeHeader(text)
		if err != nil || !utf8.ValidString(value) {
			return nil, errMetadataEncoding
		}
		fields = append(fields, r2.Field{Name: strings.ToLower(key), Value: value})
	}
	slices.SortFunc(fields, func(a, b r2.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields, nil
}

// setCustomMetadata writes them as headers. Names that no header can have are
// left out and counted.
func setCustomMetadata(h http.Header, fields []r2.Field) {
	missing := 0
	for _, f := range fields {
		if !headerName(f.Name) {
			missing++
			continue
		}
		h.Set(metaPrefix+f.Name, headerValue(f.Value))
	}
	if missing > 0 {
		h.Set("X-Amz-Missing-Meta", strconv.Itoa(missing))
	}
}

func headerName(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// headerValue encodes what is not plain ASCII.
func headerValue(s string) string {
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f {
			return mime.BEncoding.Encode("UTF-8", s)
		}
	}
	return s
}

// storageClasses by their names in S3.
var storageClasses = map[string]string{"STANDARD": r2.Standard, "STANDARD_IA": r2.InfrequentAccess}

func storageClass(h http.Header) (string, error) {
	name := h.Get("X-Amz-Storage-Class")
	class, ok := storageClasses[name]
	if name != "" && !ok {
		return "", errStorageClass
	}
	return class, nil
}

// s3Class is S3's name of a storage class.
func s3Class(class string) string {
	if class == r2.InfrequentAccess {
		return "STANDARD_IA"
	}
	return "STANDARD"
}

// conditions reads the four conditional headers, each behind prefix.
func conditions(h http.Header, prefix string) (*r2.Conditional, error) {
	own := http.Header{}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		for _, v := range h.Values(prefix + name) {
			own.Add(name, quoted(name, v))
		}
	}
	c, err := driver.ParseConditional(own)
	if err != nil {
		return nil, errConditionForm
	}
	return c, nil
}

// quoted forgives an ETag without quotes, which S3's tools send.
func quoted(name, value string) string {
	if strings.HasSuffix(name, "-Match") && value != "*" && !strings.ContainsAny(value, `", `) {
		return `"` + value + `"`
	}
	return value
}

func httpETag(etag string) string { return `"` + etag + `"` }

// overrides are what a GET may say of its own answer.
var overrides = map[string]string{
	"response-content-type": "Content-Type", "response-content-language": "Content-Language", "response-expires": "Expires",
	"response-cache-control": "Cache-Control", "response-content-disposition": "Content-Disposition", "response-content-encoding": "Content-Encoding",
}

// setHeaders writes what is known of an object.
func (q *request) setHeaders(o *r2.Object) {
	h := q.Header()
	r2.WriteHTTPHeaders(h, o)
	setCustomMetadata(h, o.Custom)
	setSSEC(h, o.SSECKeyMD5)
	if o.StorageClass != r2.Standard {
		h.Set("X-Amz-Storage-Class", s3Class(o.StorageClass))
	}
	for param, name := range overrides {
		if v := q.query.Get(param); v != "" {
			h.Set(name, v)
		}
	}
}
