package transfer

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// Most statements of a dump are INSERTs of one row of literals. Such a statement
// does the same as one with a parameter in place of each literal, and that is
// compiled once for all of them.

// LiteralInsert is an INSERT of one row of literals.
type LiteralInsert struct {
	Head   []byte // up to VALUES
	Values int
	Length int // of the statement, with its semicolon
}

// ParseInsert reads the INSERT at the head of text and appends its values to
// packed. It reports false for a statement that is anything else, or that does
// not end within text.
func ParseInsert(text, packed []byte) (in LiteralInsert, out []byte, ok bool) {
	at := insertHead(text)
	if at == 0 {
		return in, packed, false
	}
	in.Head = text[:at]
	if at = SkipSpace(text, at); at >= len(text) || text[at] != '(' {
		return in, packed, false
	}
	for at++; ; at++ {
		at = SkipSpace(text, at)
		if packed, at, ok = packLiteral(packed, text, at); !ok {
			return in, packed, false
		}
		in.Values++
		if at = SkipSpace(text, at); at >= len(text) || text[at] != ',' {
			break
		}
	}
	if at >= len(text) || text[at] != ')' {
		return in, packed, false
	}
	if at = SkipSpace(text, at+1); at >= len(text) || text[at] != ';' {
		return in, packed, false
	}
	in.Length = at + 1
	return in, packed, true
}

// insertHead is the length of INSERT INTO name [(names)] VALUES, 0 for anything
// else.
func insertHead(text []byte) int {
	at := word(text, 0, "INSERT")
	if at == 0 {
		return 0
	}
	if at = word(text, SkipSpace(text, at), "INTO"); at == 0 {
		return 0
	}
	if at = name(text, SkipSpace(text, at)); at == 0 {
		return 0
	}
	at = SkipSpace(text, at)
	if at < len(text) && text[at] == '(' {
		for more := true; more; {
			if at = name(text, SkipSpace(text, at+1)); at == 0 {
				return 0
			}
			at = SkipSpace(text, at)
			more = at < len(text) && text[at] == ','
		}
		if at >= len(text) || text[at] != ')' {
			return 0
		}
		at++
	}
	return word(text, SkipSpace(text, at), "VALUES")
}

// SkipSpace is the next place at or behind at that is no white space.
func SkipSpace(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] >= '\t' && text[at] <= '\r') {
		at++
	}
	return at
}

func isNameByte(ch byte) bool {
	return ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || ch == '_' || ch == '$' || ch >= 0x80
}

// word is the offset behind a key word at text[at:], 0 if it is not there.
func word(text []byte, at int, w string) int {
	end := at + len(w)
	if end >= len(text) || !bytes.EqualFold(text[at:end], []byte(w)) || isNameByte(text[end]) {
		return 0
	}
	return end
}

// name is the offset behind the name at text[at:], 0 if there is none.
func name(text []byte, at int) int {
	if at == 0 || at >= len(text) {
		return 0
	}
	switch q := text[at]; {
	case q == '"' || q == '`':
		for at++; ; at += 2 {
			i := bytes.IndexByte(text[at:], q)
			if i < 0 {
				return 0
			}
			at += i
			if at+1 >= len(text) || text[at+1] != q {
				return at + 1
			}
		}
	case isNameByte(q) && (q < '0' || q > '9') && q != '$':
		for at < len(text) && isNameByte(text[at]) {
			at++
		}
		return at
	}
	return 0
}

// packLiteral packs the literal at text[at:].
func packLiteral(packed, text []byte, at int) (out []byte, end int, ok bool) {
	if at >= len(text) {
		return packed, at, false
	}
	switch ch := text[at]; {
	case ch == '\'':
		return packQuoted(packed, text, at)
	case (ch == 'x' || ch == 'X') && at+1 < len(text) && text[at+1] == '\'':
		return packHex(packed, text, at)
	case ch == 'n' || ch == 'N':
		end = word(text, at, "NULL")
		return append(packed, csqlite.Null), end, end > 0
	}
	return packSpelled(packed, text, at)
}

// packQuoted packs a text literal.
func packQuoted(packed, text []byte, at int) ([]byte, int, bool) {
	head := len(packed)
	packed = codec.PackBytes(packed, csqlite.Text, "")
	for at++; ; at++ {
		i := bytes.IndexByte(text[at:], '\'')
		if i < 0 {
			return packed, at, false
		}
		packed = append(packed, text[at:at+i]...)
		at += i + 1
		if at >= len(text) || text[at] != '\'' {
			codec.PutLength(packed, head)
			return packed, at, true
		}
		packed = append(packed, '\'')
	}
}

// packHex packs a BLOB literal.
func packHex(packed, text []byte, at int) ([]byte, int, bool) {
	from := at + 2
	n := bytes.IndexByte(text[from:], '\'')
	if n < 0 || n%2 != 0 {
		return packed, at, false
	}
	head := len(packed)
	packed = codec.PackBytes(packed, csqlite.Blob, "")
	packed, err := hex.AppendDecode(packed, text[from:from+n])
	if err != nil {
		return packed, at, false
	}
	codec.PutLength(packed, head)
	return packed, from + n + 1, true
}

// packSpelled packs a number. What is not plainly one is left to SQLite.
func packSpelled(packed, text []byte, at int) ([]byte, int, bool) {
	end, digits, whole := at, 0, true
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	for ; end < len(text); end++ {
		ch := text[end]
		switch {
		case ch >= '0' && ch <= '9':
			digits++
			continue
		case ch == '.' || ch == 'e' || ch == 'E' || (ch == '-' || ch == '+') && (text[end-1] == 'e' || text[end-1] == 'E'):
			whole = false
			continue
		}
		break
	}
	if digits == 0 || end < len(text) && isNameByte(text[end]) {
		return packed, at, false
	}
	if whole {
		n, err := strconv.ParseInt(string(text[at:end]), 10, 64)
		if err != nil {
			return packed, at, false
		}
		packed = append(packed, csqlite.Integer)
		return binary.NativeEndian.AppendUint64(packed, uint64(n)), end, true
	}
	f, err := strconv.ParseFloat(string(text[at:end]), 64)
	if err != nil || math.IsInf(f, 0) {
		return packed, at, false
	}
	return codec.PackReal(packed, f), end, true
}
