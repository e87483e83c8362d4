package codec

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"flint/d1/csqlite"
)

// maxSafeInteger is JavaScript's Number.MAX_SAFE_INTEGER: D1 hands out every
// integer as a number, so larger ones are rounded like one.
const maxSafeInteger = 1<<53 - 1

// AppendInteger appends n as JavaScript sees it: rounded beyond 2^53.
func AppendInteger(b []byte, n int64) []byte {
	if n >= -maxSafeInteger && n <= maxSafeInteger {
		return strconv.AppendInt(b, n, 10)
	}
	return AppendNumber(b, float64(n))
}

// AppendNumber appends f as JavaScript's JSON.stringify does.
func AppendNumber(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if f == math.Trunc(f) && math.Abs(f) <= maxSafeInteger {
		return strconv.AppendInt(b, int64(f), 10) // -0 is 0 there, too
	}
	size := math.Abs(f)
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-2] == '0' { // e-07 is e-7
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// HexDigits are the digits of hexadecimal numbers, in lower case.
const HexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, as they do when the runtime makes a JavaScript string of them.
func AppendString(b []byte, s []byte) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= ' ' && ch < utf8.RuneSelf && ch != '"' && ch != '\\' {
			i++
			continue
		}
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, ch)
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, ch byte) []byte {
	switch ch {
	case '"', '\\':
		return append(b, '\\', ch)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	}
	if ch >= utf8.RuneSelf {
		return append(b, "\uFFFD"...)
	}
	return append(b, '\\', 'u', '0', '0', HexDigits[ch>>4], HexDigits[ch&15])
}

// AppendValue appends the packed value at the head of p and returns the rest.
// A BLOB is an array of numbers, as D1 sends it.
func AppendValue(b, p []byte) (out, rest []byte) {
	switch p[0] {
	case csqlite.Integer:
		return AppendInteger(b, int64(binary.NativeEndian.Uint64(p[1:]))), p[9:]
	case csqlite.Real:
		return AppendNumber(b, math.Float64frombits(binary.NativeEndian.Uint64(p[1:]))), p[9:]
	case csqlite.Text:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return AppendString(b, p[5:n]), p[n:]
	case csqlite.Blob:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return appendBytes(b, p[5:n]), p[n:]
	}
	return append(b, "null"...), p[1:]
}

func appendBytes(b, bytes []byte) []byte {
	b = append(b, '[')
	for i, v := range bytes {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(v), 10)
	}
	return append(b, ']')
}
