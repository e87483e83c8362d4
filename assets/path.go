package assets

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// rawPath is the path of r as the client wrote it, in the form that the URL
// standard gives it: one leading slash, no dot segments, escaped.
// https://url.spec.whatwg.org/#path-state
func rawPath(r *http.Request) string {
	if raw := r.URL.RawPath; raw != "" { // EscapedPath would re-spell \ and |
		if path, err := url.PathUnescape(raw); err == nil && path == r.URL.Path {
			return normalizePath(raw)
		}
	}
	return normalizePath(r.URL.EscapedPath())
}

func normalizePath(p string) string {
	if isNormal(p) {
		return p
	}
	p = strings.ReplaceAll(p, `\`, "/")
	parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
	out := make([]string, 0, len(parts))
	for i, part := range parts {
		last := i == len(parts)-1
		switch strings.ReplaceAll(strings.ToLower(part), "%2e", ".") {
		case ".":
		case "..":
			out = out[:max(len(out)-1, 0)]
		default:
			out = append(out, escapeSegment(part))
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// isNormal reports what nearly every path is: nothing to do.
func isNormal(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	for i := range len(p) {
		c := p[i]
		if c == '\\' || needsEscape(c) {
			return false
		}
		if c == '/' && i+1 < len(p) && (p[i+1] == '.' || p[i+1] == '%') {
			return false
		}
	}
	return true
}

// needsEscape says which bytes the URL standard escapes in a path.
func needsEscape(c byte) bool {
	return c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?^`{}", c) >= 0
}

func escapeSegment(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if needsEscape(s[i]) {
			escapeByte(&b, s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func escapeByte(b *strings.Builder, c byte) {
	const hex = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// decodePath is the path that is looked up: each segment decoded if it can be,
// and no empty segments, which could turn a redirect into one to another host.
func decodePath(p string) string {
	if strings.IndexByte(p, '%') >= 0 {
		parts := strings.Split(p, "/")
		for i, part := range parts {
			if s, err := url.PathUnescape(part); err == nil && utf8.ValidString(s) {
				parts[i] = s
			}
		}
		p = strings.Join(parts, "/")
	}
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// encodePath is the one canonical spelling of a path; others are redirected.
func encodePath(p string) string {
	i := 0
	for i < len(p) && (p[i] == '/' || unreserved(p[i])) {
		i++
	}
	if i == len(p) {
		return p
	}
	var b strings.Builder
	b.WriteString(p[:i])
	for ; i < len(p); i++ {
		if c := p[i]; c == '/' || unreserved(c) {
			b.WriteByte(c)
		} else {
			escapeByte(&b, c)
		}
	}
	return b.String()
}

// unreserved are the bytes that JavaScript's encodeURIComponent leaves alone.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-_.!~*'()", c) >= 0
}
