package outbound

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"

	"flint/internal/redact"
)

const secretWords = `(authorization|cookie2?|((api|access|secret|private|client|auth|refresh|id|session|bearer|security)[-_]?)?(token|secret)` +
	`|(api|access|secret|private|auth|signing)[-_]?key|password|passwd|pwd|credential|jwt)`

var (
	// secretMember fits the names of headers, form fields and JSON members whose
	// value is a secret; secretParameter those of query parameters, where a bare
	// key or a signature is one too.
	secretMember    = regexp.MustCompile(`(?i)^(.*[-_.])?` + secretWords + `$`)
	secretParameter = regexp.MustCompile(`(?i)^(.*[-_.])?(` + secretWords + `|key|sig|signature)$`)
)

// redactHeader is a copy without secrets. A Set-Cookie keeps its name and its
// attributes.
func redactHeader(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		for _, v := range values {
			switch {
			case name == "Set-Cookie":
				out.Add(name, redactCookie(v))
			case secretMember.MatchString(name):
				out.Add(name, redact.Mark)
			default:
				out.Add(name, redactURLs(v))
			}
		}
	}
	return out
}

func redactCookie(v string) string {
	pair, attributes, found := strings.Cut(v, ";")
	name, _, _ := strings.Cut(pair, "=")
	out := name + "=" + redact.Mark
	if found {
		out += ";" + attributes
	}
	return out
}

// redactURLs takes secrets out of a header value, which may be a URL (Location).
func redactURLs(v string) string {
	if before, query, found := strings.Cut(v, "?"); found && !strings.ContainsAny(v, " \t") {
		v = before + "?" + redactQuery(query, secretParameter)
	}
	return redact.Text(v)
}

// redactQuery works on the text, so that what is no secret stays as it was sent.
func redactQuery(raw string, secret *regexp.Regexp) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, found := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if found && value != "" && secret.MatchString(plain) {
			pairs[i] = name + "=" + redact.Mark
			continue
		}
		pairs[i] = redact.Text(pair)
	}
	return strings.Join(pairs, "&")
}

// redactBody takes secrets out of a text body, by what it says it is.
func redactBody(contentType string, body []byte) []byte {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return []byte(redactQuery(string(body), secretMember))
	}
	if doc, ok := decodeJSON(body); ok {
		if cleaned, changed := redactJSON(doc, 0); changed {
			if text, err := encodeJSON(cleaned); err == nil {
				return []byte(redact.Text(string(text)))
			}
		}
	}
	return []byte(redact.Text(string(body)))
}

// redactJSON replaces the strings that a secret's name holds. A document that
// has none stays as it was written, byte for byte.
func redactJSON(v any, depth int) (out any, changed bool) {
	if depth > maxJSONDepth {
		return redact.Mark, true
	}
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if text, ok := item.(string); ok && text != "" && secretMember.MatchString(name) {
				v[name], changed = redact.Mark, true
				continue
			}
			cleaned, c := redactJSON(item, depth+1)
			v[name], changed = cleaned, changed || c
		}
		return v, changed
	case []any:
		for i, item := range v {
			cleaned, c := redactJSON(item, depth+1)
			v[i], changed = cleaned, changed || c
		}
		return v, changed
	}
	return v, false
}

// decodeJSON reads one JSON document and keeps its numbers as they are written.
func decodeJSON(body []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return nil, false
	}
	return v, true
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// hopByHop are headers of one connection, which no recording keeps.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Date"}

// keptHeader is what a cassette keeps of a header.
func keptHeader(h http.Header) http.Header {
	out := redactHeader(h)
	for _, name := range hopByHop {
		out.Del(textproto.CanonicalMIMEHeaderKey(name))
	}
	return out
}
