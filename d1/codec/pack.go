package codec

import (
	"encoding/binary"
	"math"

	"flint/d1/csqlite"
)

// PackReal packs a number.
func PackReal(b []byte, f float64) []byte {
	b = append(b, csqlite.Real)
	return binary.NativeEndian.AppendUint64(b, math.Float64bits(f))
}

// PackBytes packs a text or a BLOB.
func PackBytes[T string | []byte](b []byte, kind byte, data T) []byte {
	b = append(b, kind)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// PutLength completes the packed text or BLOB that begins at head and ends the
// buffer.
func PutLength(b []byte, head int) {
	binary.NativeEndian.PutUint32(b[head+1:], uint32(len(b)-head-5))
}

// SkipValue is what follows the packed value at the head of p.
func SkipValue(p []byte) []byte {
	switch p[0] {
	case csqlite.Integer, csqlite.Real:
		return p[9:]
	case csqlite.Text, csqlite.Blob:
		return p[5+binary.NativeEndian.Uint32(p[1:]):]
	}
	return p[1:]
}

// GoValue makes a Go value of the packed value at the head of p: nil, int64,
// float64, string or []byte.
func GoValue(p []byte) (v any, rest []byte) {
	switch p[0] {
	case csqlite.Integer:
		return int64(binary.NativeEndian.Uint64(p[1:])), p[9:]
	case csqlite.Real:
		return math.Float64frombits(binary.NativeEndian.Uint64(p[1:])), p[9:]
	case csqlite.Text:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return string(p[5:n]), p[n:]
	case csqlite.Blob:
		n := 5 + binary.NativeEndian.Uint32(p[1:])
		return append([]byte{}, p[5:n]...), p[n:]
	}
	return nil, p[1:]
}
