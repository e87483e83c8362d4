package wildcard

import "strings"

// Match reports whether pattern matches all of text. A * in the pattern matches any
// text, also an empty one and one with slashes.
func Match(pattern, text string) bool {
	first, rest, hasStar := strings.Cut(pattern, "*")
	if !hasStar {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for {
		part, next, hasMore := strings.Cut(rest, "*")
		if !hasMore {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], next
	}
}
