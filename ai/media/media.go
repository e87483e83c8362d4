package media

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// mediaOf reads the bytes of an image or of audio, in any form that Workers AI
// takes them: an array of numbers, base64, a data URL, or {body, contentType}
// with base64 in it, which is how flint hands on the body of a request.
func mediaOf(in inference.Fields, name string) ([]byte, error) {
	raw := bytes.TrimSpace(in[name])
	if !in.Has(name) {
		return nil, inference.BadInput(inference.Missing(name))
	}
	switch {
	case inference.IsType(raw, "string"):
		return base64Media(name, raw)
	case inference.IsType(raw, "array"):
		return byteArray(name, raw)
	case inference.IsType(raw, "object"):
		var part struct{ Body json.RawMessage }
		if json.Unmarshal(raw, &part) == nil && part.Body != nil {
			return mediaOf(inference.Fields{name: part.Body}, name)
		}
	}
	return nil, inference.BadInput(inference.Mismatch("/"+name, "array", raw))
}

func base64Media(name string, raw json.RawMessage) ([]byte, error) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil, inference.BadInput(inference.Mismatch("/"+name, "string", raw))
	}
	if rest, ok := strings.CutPrefix(text, "data:"); ok {
		_, encoded, found := strings.Cut(rest, ";base64,")
		if !found {
			return nil, inference.InvalidData("/" + name + " is a data URL without base64")
		}
		text = encoded
	}
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return nil, inference.InvalidData("/" + name + " is an address; flint loads nothing from the network, so send the bytes")
	}
	text = strings.TrimRight(strings.Map(dropSpace, text), "=")
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		data, err = base64.RawURLEncoding.DecodeString(text)
	}
	if err != nil || len(data) == 0 {
		return nil, inference.InvalidData("/" + name + " is not base64")
	}
	return data, nil
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
		return -1
	}
	return r
}

// byteArray reads [82, 73, 70, …] without a value for each number.
func byteArray(name string, raw json.RawMessage) ([]byte, error) {
	inner := bytes.TrimSpace(raw[1 : len(raw)-1])
	if len(inner) == 0 {
		return nil, inference.InvalidData("/" + name + " is empty")
	}
	out := make([]byte, 0, len(inner)/3)
	for part := range bytes.SplitSeq(inner, []byte(",")) {
		n, err := strconv.ParseUint(string(bytes.TrimSpace(part)), 10, 8)
		if err != nil {
			return nil, inference.InvalidData("/" + name + " holds " + inference.Shorten(string(bytes.TrimSpace(part)), 20) + ", which is no byte from 0 to 255")
		}
		out = append(out, byte(n))
	}
	return out, nil
}
