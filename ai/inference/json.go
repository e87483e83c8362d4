package inference

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Quote is s as a JSON string.
func Quote(s string) string {
	b, err := EncodeJSON(s)
	if err != nil {
		return strconv.Quote(s)
	}
	return string(b)
}

// EncodeJSON encodes as JSON.stringify does: no escaping for HTML, no newline.
func EncodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// ContentJSON is the media type of most answers.
const ContentJSON = "application/json"
