package outbound

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

const secretWords = `(authorization|cookie2?|((api|access|secret|private|client|auth|refresh|id|session|bearer|security)[-_]?)?(token|secret)` +
	`|(api|access|secret|private|auth|signing)[-_]?key|password|passwd|pwd|credential|jwt)`

var (
	// secretMember fits the names of headers, form fields and JSON members whose
	// value is a secret; secretParameter those of query parameters, where a bare
	// key or a signature is one too.
	secretMember    = regexp.MustCompile(`(?i)^(.*[-_.])?` + secretWords + `$`)
	secretParameter = regexp.MustCompile(`(?i)^(.*[-_.])?(` + secretWords + `|key|sig|signature)$`)

	// secretText fits keys by their well-known forms, wherever they stand.
	secretText = regexp.MustCompile(`\b(sk-[A-Za-z0-9_-]{16,}|[sr]k_(live|test)_[A-Za-z0-9]{10,}|pk_live_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|(AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)|(?i:\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)

	// secretField fits a JSON member with a secret's name in text that is not one
	// JSON document: a line of a stream, or a cut body.
	secretField = regexp.MustCompile(`(?i)("(?:[a-z0-9_.-]*[-_.])?(?:api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token|client[-_]?secret|password|secret|private[-_]?key)"\s*:\s*")(?:[^"\\]|\\.)*"`)
)

func redactText(s string) string {
	s = secretText.ReplaceAllString(s, redacted)
	return secretField.ReplaceAllString(s, "${1}"+redacted+`"`)
}

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
				out.Add(name, redacted)
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
	out := name + "=" + redacted
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
	return redactText(v)
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
			pairs[i] = name + "=" + redacted
			continue
		}
		pairs[i] = redactText(pair)
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
				return []byte(redactText(string(text)))
			}
		}
	}
	return []byte(redactText(string(body)))
}

// redactJSON replaces the strings that a secret's name holds. A document that
// has none stays as it was written, byte for byte.
func redactJSON(v any, depth int) (out any, changed bool) {
	if depth > maxJSONDepth {
		return redacted, true
	}
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if text, ok := item.(string); ok && text != "" && secretMember.MatchString(name) {
				v[name], changed = redacted, true
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
