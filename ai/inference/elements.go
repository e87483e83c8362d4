package inference

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// listElements yields the elements of a JSON list as slices of it, without a
// copy. The list must be valid JSON.
func listElements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		list = bytes.TrimSpace(list)
		rest, start, depth := list[1:len(list)-1], 0, 0
		for i := 0; i < len(rest); i++ {
			switch rest[i] {
			case '"':
				i += stringEnd(rest[i+1:])
			case '[', '{':
				depth++
			case ']', '}':
				depth--
			case ',':
				if depth > 0 {
					continue
				}
				if !yield(bytes.TrimSpace(rest[start:i])) {
					return
				}
				start = i + 1
			}
		}
		if last := bytes.TrimSpace(rest[start:]); len(last) > 0 {
			yield(last)
		}
	}
}

// stringEnd is the offset behind the closing quote, counted from behind the opening one.
func stringEnd(text []byte) int {
	at := 0
	for {
		next := bytes.IndexAny(text[at:], `"\\`)
		if next < 0 {
			return len(text)
		}
		if at += next; text[at] == '"' {
			return at + 1
		}
		at = min(at+2, len(text))
	}
}

// unescapedLength is the length in UTF-16 units of a JSON string without
// escapes, counted without decoding it; ok is false for one with escapes.
func unescapedLength(raw json.RawMessage) (n int, ok bool) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') >= 0 {
		return 0, false
	}
	for len(inner) > 0 {
		r, size := utf8.DecodeRune(inner)
		n += utf16.RuneLen(r)
		inner = inner[size:]
	}
	return n, true
}
