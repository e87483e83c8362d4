package transfer

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// AppendLiteral appends the packed value at the head of p as an SQL literal that
// gives the same value again, and returns the rest. real says that the value
// goes into a column of REAL affinity, which makes 1.0 of 1.
func AppendLiteral(b, p []byte, real bool) (out, rest []byte) {
	switch p[0] {
	case csqlite.Integer:
		return strconv.AppendInt(b, int64(binary.NativeEndian.Uint64(p[1:])), 10), p[9:]
	case csqlite.Real:
		return appendReal(b, math.Float64frombits(binary.NativeEndian.Uint64(p[1:])), real), p[9:]
	case csqlite.Text:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return appendTextLiteral(b, p[5:n]), p[n:]
	case csqlite.Blob:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return appendHex(b, p[5:n]), p[n:]
	}
	return append(b, "NULL"...), p[1:]
}

func appendReal(b []byte, f float64, real bool) []byte {
	if math.IsInf(f, 0) {
		if f < 0 {
			b = append(b, '-')
		}
		return append(b, "9e999"...)
	}
	if f == 0 && math.Signbit(f) {
		return append(b, "-0.0"...)
	}
	start := len(b)
	b = codec.AppendNumber(b, f)
	if !real && !bytes.ContainsAny(b[start:], ".e") {
		b = append(b, ".0"...)
	}
	return b
}

// appendTextLiteral writes a text. Line breaks are kept out of it, so that a
// statement stays on its line; a text that no literal can hold is written as
// its bytes.
func appendTextLiteral(b, text []byte) []byte {
	breaks, other := 0, !utf8.Valid(text)
	for i, ch := range text {
		switch ch {
		case 0:
			other = true
		case '\n':
			breaks |= 1
		case '\r':
			breaks |= 2
		case '\\':
			if i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r') {
				breaks |= 4
			}
		}
	}
	switch {
	case other, breaks > 4:
		return append(appendHex(append(b, "CAST("...), text), " AS TEXT)"...)
	case breaks&3 == 0:
		return appendQuoted(b, text)
	}
	for mark := 1; mark <= 2; mark++ {
		if breaks&mark != 0 {
			b = append(b, "replace("...)
		}
	}
	b = appendQuoted(b, text)
	if breaks&2 != 0 {
		b = append(b, `,'\r',char(13))`...)
	}
	if breaks&1 != 0 {
		b = append(b, `,'\n',char(10))`...)
	}
	return b
}

// appendQuoted writes a text in quotes, with \n and \r for line breaks.
func appendQuoted(b, text []byte) []byte {
	b = append(b, '\'')
	for _, ch := range text {
		switch ch {
		case '\'':
			b = append(b, "''"...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, ch)
		}
	}
	return append(b, '\'')
}

func appendHex(b, bytes []byte) []byte {
	b = append(b, "X'"...)
	for _, v := range bytes {
		b = append(b, codec.HexDigits[v>>4], codec.HexDigits[v&15])
	}
	return append(b, '\'')
}
