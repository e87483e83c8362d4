package ai

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// formInputs turns a form of text fields into inputs, as models that take
// multipart/form-data read it. ok is false for any other content type.
func formInputs(contentType string, body []byte) (inputs json.RawMessage, ok bool, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return nil, false, nil
	}
	form, err := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]).ReadForm(inference.MaxInputBytes)
	if err != nil {
		return nil, true, inference.Incomplete("the form cannot be read")
	}
	defer func() { _ = form.RemoveAll() }() // everything fitted into memory
	in := map[string]json.RawMessage{}
	for name, values := range form.Value {
		in[name] = json.RawMessage(inference.Quote(values[0]))
		if _, err := strconv.ParseInt(values[0], 10, 64); err == nil && name != "prompt" {
			in[name] = json.RawMessage(values[0])
		}
	}
	inputs, err = json.Marshal(in)
	return inputs, true, err
}

// streamInputs puts a body of bytes beside the other inputs, in base64.
func streamInputs(known *inference.Model, others, body []byte) (json.RawMessage, error) {
	field := known.MediaField()
	if field == "" {
		return nil, inference.BadInput("Type mismatch of '/', 'object' not in 'binary'")
	}
	in, err := inference.ParseFields(others)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, inference.InvalidData("/" + field + " is empty")
	}
	in[field] = json.RawMessage(`"` + base64.StdEncoding.EncodeToString(body) + `"`)
	return json.Marshal(in)
}
