package inference

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// elements are the elements of a list, in their place: none is copied. The
// list is known to be valid JSON.
func elements(list json.RawMessage) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		list = bytes.TrimSpace(list)
		rest, start, depth := list[1:len(list)-1], 0, 0
		for i := 0; i < len(rest); i++ {
			switch rest[i] {
			case '"':
				i += textEnd(rest[i+1:])
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

// textEnd is where the bytes after an opening quote have passed the closing one.
func textEnd(text []byte) int {
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

// plainLength is the length in JavaScript of a JSON string without escapes, in
// its place.
func plainLength(raw json.RawMessage) (n int, ok bool) {
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
