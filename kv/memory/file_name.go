package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const logSuffix = ".log"

// FileName is the name of the log of a namespace, safe on any file system: all
// but lower-case letters, digits, - and _ is written as %XX, because some file
// systems do not tell A from a. Very long ids end in a hash.
func FileName(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if c := id[i]; isPlain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteString(hex.EncodeToString([]byte{c}))
		}
	}
	name := b.String()
	if len(name) > maxFileNameBytes {
		sum := sha256.Sum256([]byte(id))
		name = name[:maxFileNameBytes/2] + "~" + hex.EncodeToString(sum[:])
	}
	return name + logSuffix
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// namespaceOfFile is the id whose log has this file name. Shortened names cannot
// be turned back.
func namespaceOfFile(name string) (id string, ok bool) {
	name, ok = strings.CutSuffix(name, logSuffix)
	if !ok || strings.Contains(name, "~") {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' {
			b.WriteByte(name[i])
			continue
		}
		if i+2 >= len(name) {
			return "", false
		}
		c, err := hex.DecodeString(name[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.WriteByte(c[0])
		i += 2
	}
	return b.String(), b.Len() > 0
}
