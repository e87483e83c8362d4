package ai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

const contentJSON = "application/json"

// fields are the inputs of a call by name.
type fields map[string]json.RawMessage

func parseFields(inputs json.RawMessage) (fields, error) {
	if len(bytes.TrimSpace(inputs)) == 0 {
		return fields{}, nil
	}
	var in fields
	if err := json.Unmarshal(inputs, &in); err != nil || in == nil {
		if json.Valid(inputs) {
			return nil, badInput(mismatch("/", "object", inputs))
		}
		return nil, incomplete("inputs are not JSON")
	}
	return in, nil
}

// has reports whether a field is there and not null.
func (in fields) has(name string) bool {
	raw, ok := in[name]
	return ok && string(raw) != "null"
}

// jsonTypes names a value's types as Cloudflare's validator does.
func jsonTypes(raw json.RawMessage) []string {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return []string{"undefined"}
	case raw[0] == '"':
		return []string{"string"}
	case raw[0] == '{':
		return []string{"object"}
	case raw[0] == '[':
		return []string{"array"}
	case raw[0] == 't', raw[0] == 'f':
		return []string{"boolean"}
	case raw[0] == 'n':
		return []string{"null"}
	}
	if f, err := strconv.ParseFloat(string(raw), 64); err == nil && f == math.Trunc(f) {
		return []string{"number", "integer"}
	}
	return []string{"number"}
}

func mismatch(path, want string, raw json.RawMessage) string {
	return fmt.Sprintf("Type mismatch of '%s', '%s' not in '%s'", path, want, strings.Join(jsonTypes(raw), "','"))
}

func isType(raw json.RawMessage, want string) bool {
	for _, t := range jsonTypes(raw) {
		if t == want {
			return true
		}
	}
	return false
}

// bounds of a text or a number; NaN leaves a side open.
type bounds struct{ least, most float64 }

var open = math.NaN()

// text reads a string; problem is empty when it is fine. A missing field is
// no problem: required is checked by whoever knows the alternatives.
func (in fields) text(name string, b bounds) (value, problem string) {
	if !in.has(name) {
		return "", ""
	}
	if !isType(in[name], "string") {
		return "", mismatch("/"+name, "string", in[name])
	}
	if err := json.Unmarshal(in[name], &value); err != nil {
		return "", mismatch("/"+name, "string", in[name])
	}
	if problem := lengthProblem(name, jsLength(value), b); problem != "" {
		return "", problem
	}
	return value, ""
}

func lengthProblem(name string, length int, b bounds) string {
	if n := float64(length); n < b.least {
		return fmt.Sprintf("Length of '/%s' must be >= %g not met", name, b.least)
	} else if n > b.most {
		return fmt.Sprintf("Length of '/%s' must be <= %g", name, b.most)
	}
	return ""
}

// jsLength is the length of a text in JavaScript: its UTF-16 units.
func jsLength(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// number reads a number, or otherwise when the field is missing.
func (in fields) number(name, kind string, b bounds, otherwise float64) (value float64, problem string) {
	if !in.has(name) {
		return otherwise, ""
	}
	if !isType(in[name], kind) {
		return 0, mismatch("/"+name, kind, in[name])
	}
	value, err := strconv.ParseFloat(string(bytes.TrimSpace(in[name])), 64)
	if err != nil {
		return 0, mismatch("/"+name, kind, in[name])
	}
	if value < b.least {
		return 0, fmt.Sprintf("'/%s' must be >= %s", name, plain(b.least))
	}
	if value > b.most {
		return 0, fmt.Sprintf("'/%s' must be <= %s", name, plain(b.most))
	}
	return value, ""
}

func itoa(n int) string { return strconv.Itoa(n) }

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// flag reads a boolean.
func (in fields) flag(name string) (value bool, problem string) {
	if !in.has(name) {
		return false, ""
	}
	if !isType(in[name], "boolean") {
		return false, mismatch("/"+name, "boolean", in[name])
	}
	return string(bytes.TrimSpace(in[name])) == "true", ""
}

// requiredText reads a string of at least one character that must be there.
func (in fields) requiredText(name, required string) (string, error) {
	value, problem := in.text(name, bounds{1, open})
	if problem == "" && !in.has(name) {
		problem = missing(required)
	}
	if problem != "" {
		return "", badInput(problem)
	}
	return value, nil
}

func missing(required string) string { return "required properties at '/' are '" + required + "'" }

// encodeJSON is JSON.stringify: no escaping for HTML, no newline.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
