package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"
)

// A key like "images/2026/cat.png" is the name of its object in the store: a dot
// in what follows the last slash, and none before. All other keys have another
// name, below ownPrefix, which is itself no name of a key:
//
//	.flint/k/HEX…      the key in hex, "-/" after each 200 digits: sorts as the key does
//	.flint/h/SHA256    a key that is too long for that; .flint/n/SHA256 holds the key
//	.flint/bucket.json what the bucket is
//
// MinIO keeps names as folders and files. It refuses some ("../x", "a//b", more
// than 255 bytes without a slash), and of an object "a" and an object "a/b" it
// lists only the first. So no name may be the folder of another, for which the dot stands.
const (
	ownPrefix  = ".flint/"
	hexPrefix  = ownPrefix + "k/"
	hashPrefix = ownPrefix + "h/"
	namePrefix = ownPrefix + "n/"
	bucketFile = ownPrefix + "bucket.json"
)

const (
	maxSegment = 240 // bytes between slashes: less than a file's name may have
	maxHexKey  = 480 // bytes of a key whose name in hex stays below S3's 1024
	hexSegment = 200
	hexBreak   = "-/"
)

// plainKey reports whether a key is the name of its object in the store.
func plainKey(key string) bool {
	folders, file := cutFile(key)
	return plainFolders(folders) && plainSegment(file) && strings.Contains(file, ".")
}

// plainPrefix reports whether there can be a plain key that begins with prefix.
func plainPrefix(prefix string) bool {
	folders, file := cutFile(prefix)
	return plainFolders(folders) && (file == "" || plainSegment(file))
}

// cutFile cuts a key behind its last slash.
func cutFile(key string) (folders, file string) {
	i := strings.LastIndexByte(key, '/') + 1
	return key[:i], key[i:]
}

// plainFolders reports whether folders, each with its slash, may stand before a file.
func plainFolders(folders string) bool {
	for folders != "" {
		var folder string
		if folder, folders, _ = strings.Cut(folders, "/"); !plainFolder(folder) {
			return false
		}
	}
	return true
}

func plainFolder(s string) bool { return plainSegment(s) && !strings.Contains(s, ".") }

func plainSegment(s string) bool {
	// A dot or a blank in front: "..", ".", what MinIO reads as such, and ownPrefix.
	if s == "" || len(s) > maxSegment || s[0] == '.' || s[0] == ' ' || !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == '\\' || c == 0xfffe || c == 0xffff {
			return false
		}
	}
	return s != "xl.meta" && !strings.Contains(s, "__XLDIR__") // MinIO's own files
}

// hexName is the name of a key in hex.
func hexName(key string) string {
	digits := hex.EncodeToString([]byte(key))
	name := make([]byte, 0, len(hexPrefix)+len(digits)+2*len(digits)/hexSegment)
	name = append(name, hexPrefix...)
	for len(digits) > hexSegment {
		name = append(append(name, digits[:hexSegment]...), hexBreak...)
		digits = digits[hexSegment:]
	}
	return string(append(name, digits...))
}

func hexKey(name string) (key string, ok bool) {
	digits, ok := strings.CutPrefix(name, hexPrefix)
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSuffix(digits, emptyName), hexBreak, ""))
	return string(raw), ok && err == nil
}

// emptyName stands for no digits: it is in no hex, and sorts before all of it.
const emptyName = "-"

func hashName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hashPrefix + hex.EncodeToString(sum[:])
}

// s3key is the name of a key's object.
func (b *bucket) s3key(key string) string {
	switch {
	case key == "":
		return hexPrefix + emptyName
	case plainKey(key):
		return key
	case len(key) <= maxHexKey:
		return hexName(key)
	}
	return hashName(key)
}

// keep makes sure that a key that is known by its hash only can be found again.
func (b *bucket) keep(ctx context.Context, key, name string) error {
	if !strings.HasPrefix(name, hashPrefix) {
		return nil
	}
	if _, known := b.names.get(name); known {
		return nil
	}
	if err := b.write(ctx, namePrefix+strings.TrimPrefix(name, hashPrefix), []byte(key), nil); err != nil {
		return err
	}
	b.names.put(name, key)
	return nil
}

// keyOf is the key of an object's name; "" and false of what has none.
func (b *bucket) keyOf(ctx context.Context, name string) (key string, ok bool, err error) {
	switch {
	case strings.HasPrefix(name, hexPrefix):
		key, ok = hexKey(name)
		return key, ok, nil
	case !strings.HasPrefix(name, ownPrefix):
		return name, true, nil
	case !strings.HasPrefix(name, hashPrefix):
		return "", false, nil
	}
	if key, ok = b.names.get(name); ok {
		return key, true, nil
	}
	text, err := b.read(ctx, namePrefix+strings.TrimPrefix(name, hashPrefix))
	if noObject(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	b.names.put(name, string(text))
	return string(text), true, nil
}

// keyNames remembers texts by their names, up to maxNames of them.
type keyNames struct {
	mu         sync.Mutex
	now, older map[string]string
}

func newKeyNames() *keyNames { return &keyNames{now: map[string]string{}} }

func (n *keyNames) get(name string) (key string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if key, ok = n.now[name]; !ok {
		key, ok = n.older[name]
	}
	return key, ok
}

func (n *keyNames) put(name, key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now[name] = key; len(n.now) > maxNames/2 {
		n.older, n.now = n.now, map[string]string{}
	}
}

func (b *bucket) Remove(ctx context.Context, keys []string) error {
	if len(keys) == 1 {
		err := b.core.RemoveObject(ctx, b.s3name, b.s3key(keys[0]), minio.RemoveObjectOptions{})
		return b.explain(ctx, err)
	}
	gone := make(chan minio.ObjectInfo, len(keys)) // there are at most MaxDeleteKeys
	for _, key := range keys {
		gone <- minio.ObjectInfo{Key: b.s3key(key)}
	}
	close(gone)
	var first error
	for failed := range b.core.RemoveObjects(ctx, b.s3name, gone, minio.RemoveObjectsOptions{}) {
		if first == nil {
			first = failed.Err
		}
	}
	return b.explain(ctx, first)
}
