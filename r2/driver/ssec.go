package driver

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
)

// SSECKey is the key with which a client wants an object encrypted: 32 bytes,
// for AES-256. flint keeps no key; it keeps what tells the right one from others.
// https://developers.cloudflare.com/r2/examples/ssec/
type SSECKey [32]byte

// KeyMD5 names the key: the hex MD5 that an object's ssecKeyMd5 is.
func (k *SSECKey) KeyMD5() string {
	sum := md5.Sum(k[:])
	return hex.EncodeToString(sum[:])
}

// ParseSSECKey reads the 64 hex digits that workerd sends.
func ParseSSECKey(text string) (*SSECKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(SSECKey{}) {
		return nil, ErrInvalidRequest
	}
	k := SSECKey(raw)
	return &k, nil
}

// Seal is what is kept of the key of an object: its MD5 in hex, a random salt,
// and a hash of the salt that only the key can make. A nil key's is empty.
func (k *SSECKey) Seal(salt string) string {
	if k == nil {
		return ""
	}
	return k.KeyMD5() + " " + salt + " " + k.sign(salt)
}

func (k *SSECKey) sign(salt string) string {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("flint r2 ssec " + salt))
	return hex.EncodeToString(mac.Sum(nil))
}

// SealedMD5 is the MD5 of the key that made a seal; empty if there was none.
func SealedMD5(seal string) string {
	name, _, _ := strings.Cut(seal, " ")
	return name
}

// CheckSSEC compares a key, or nil, with the seal of what it is to open.
func CheckSSEC(seal string, k *SSECKey) error {
	switch {
	case seal == "" && k == nil:
		return nil
	case seal == "":
		return ErrSSECNotApplicable
	case k == nil:
		return ErrSSECKeyRequired
	}
	_, rest, _ := strings.Cut(seal, " ")
	salt, signed, _ := strings.Cut(rest, " ")
	if subtle.ConstantTimeCompare([]byte(signed), []byte(k.sign(salt))) != 1 {
		return ErrSSECKeyMismatch
	}
	return nil
}

// stream is the key stream of a blob from an offset on. The first counter block is the blob's id: 128 random bits that no other blob
// has, so that no two of one key share a stream.
func (k *SSECKey) stream(blob string, offset int64) (cipher.Stream, error) {
	iv, err := hex.DecodeString(blob)
	if err != nil || len(iv) != aes.BlockSize {
		return nil, errBlobID(blob)
	}
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	low := binary.BigEndian.Uint64(iv[8:])
	sum := low + uint64(offset)/aes.BlockSize
	if sum < low {
		binary.BigEndian.PutUint64(iv[:8], binary.BigEndian.Uint64(iv[:8])+1)
	}
	binary.BigEndian.PutUint64(iv[8:], sum)
	s := cipher.NewCTR(block, iv)
	skip := make([]byte, offset%aes.BlockSize)
	s.XORKeyStream(skip, skip)
	return s, nil
}

// Encrypt encrypts the whole of a blob in place; a nil key leaves it.
func (k *SSECKey) Encrypt(blob string, content []byte) error {
	if k == nil {
		return nil
	}
	stream, err := k.stream(blob, 0)
	if err == nil {
		stream.XORKeyStream(content, content)
	}
	return err
}

// Writer encrypts what is written into a blob, and leaves what it is given as it is.
func (k *SSECKey) Writer(w io.Writer, blob string) (io.Writer, error) {
	stream, err := k.stream(blob, 0)
	return &encrypting{w: w, stream: stream}, err
}

type encrypting struct {
	w      io.Writer
	stream cipher.Stream
	buf    []byte
}

// Write implements io.Writer.
func (e *encrypting) Write(p []byte) (int, error) {
	e.buf = append(e.buf[:0], p...)
	e.stream.XORKeyStream(e.buf, e.buf)
	return e.w.Write(e.buf)
}

// Decrypt is the content of a blob from an offset on, decrypted as it is read;
// with a nil key as it is. On an error content is closed.
func (k *SSECKey) Decrypt(content io.ReadCloser, blob string, offset int64) (io.ReadCloser, error) {
	if k == nil {
		return content, nil
	}
	stream, err := k.stream(blob, offset)
	if err != nil {
		content.Close()
		return nil, err
	}
	return &decrypted{content, stream}, nil
}

type decrypted struct {
	io.ReadCloser
	stream cipher.Stream
}

// Read implements io.Reader.
func (d *decrypted) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.stream.XORKeyStream(p[:n], p[:n])
	return n, err
}
