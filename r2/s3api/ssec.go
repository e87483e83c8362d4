package s3api

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"flint/r2"
)

// Encryption with the client's key: three headers that come together.
// https://developers.cloudflare.com/r2/examples/ssec/

const (
	ssecHeader       = "X-Amz-Server-Side-Encryption-Customer-"
	sourceSSECHeader = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
)

// ssecKey reads the key that stands behind prefix; nil if there is none.
func ssecKey(h http.Header, prefix string) (*r2.SSECKey, error) {
	name, key, sum := h.Get(prefix+"Algorithm"), h.Get(prefix+"Key"), h.Get(prefix+"Key-Md5")
	switch {
	case name == "" && key == "" && sum == "":
		return nil, nil
	case key == "":
		return nil, errSSECNoKey
	case sum == "":
		return nil, errSSECNoMD5
	case name == "":
		return nil, errSSECNoAlgorithm
	case name != "AES256":
		return nil, errSSECAlgorithm
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != len(r2.SSECKey{}) {
		return nil, errSSECKey
	}
	want := md5.Sum(raw)
	if given, err := base64.StdEncoding.DecodeString(sum); err != nil || subtle.ConstantTimeCompare(given, want[:]) != 1 {
		return nil, errSSECMD5
	}
	k := r2.SSECKey(raw)
	return &k, nil
}

// setSSEC says with which key an object is encrypted.
func setSSEC(h http.Header, keyMD5 string) {
	sum, err := hex.DecodeString(keyMD5)
	if err != nil || len(sum) == 0 {
		return
	}
	h.Set(ssecHeader+"Algorithm", "AES256")
	h.Set(ssecHeader+"Key-Md5", base64.StdEncoding.EncodeToString(sum))
}

// setSSECKey says the same of the key that a request came with.
func setSSECKey(h http.Header, k *r2.SSECKey) {
	if k != nil {
		setSSEC(h, k.KeyMD5())
	}
}
