package outbound

import (
	"mime"
	"net/url"
	"slices"
	"strings"

	"flint/internal/redact"
)

// requestKey is what two requests must have in common for one to be answered
// with the recording of the other: method, scheme, host, path, the query's
// parameters in any order, and the body. JSON bodies are alike whatever the
// order of their keys and their spaces; the boundary of a form does not count.
// Secrets are replaced before, so a cassette answers whoever has another key.
func requestKey(method, rawURL, contentType string, body []byte) string {
	return strings.Join([]string{method, canonicalURL(rawURL), canonicalBody(contentType, body)}, "\n")
}

func canonicalURL(raw string) string {
	base, query, _ := strings.Cut(raw, "?")
	if u, err := url.Parse(base); err == nil {
		base = u.Scheme + "://" + strings.ToLower(u.Host) + u.EscapedPath()
	}
	pairs := strings.Split(redactQuery(query, secretParameter), "&")
	slices.Sort(pairs)
	return base + "?" + strings.Join(pairs, "&")
}

func canonicalBody(contentType string, body []byte) string {
	if doc, ok := decodeJSON(body); ok {
		cleaned, _ := redactJSON(doc, 0)
		if text, err := encodeJSON(cleaned); err == nil { // sorts the keys
			return redact.Text(string(text))
		}
	}
	text := string(redactBody(contentType, body))
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["boundary"] != "" {
		text = strings.ReplaceAll(text, params["boundary"], "boundary")
	}
	return text
}
