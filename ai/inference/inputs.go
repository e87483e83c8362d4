package inference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Fields are the inputs of a call by name. Methods that read one return a problem:
// the sentence of Cloudflare's validator, or empty.
type Fields map[string]json.RawMessage

// ParseFields reads the JSON object that inputs must be; empty inputs have no fields.
func ParseFields(inputs json.RawMessage) (Fields, error) {
	if len(bytes.TrimSpace(inputs)) == 0 {
		return Fields{}, nil
	}
	var in Fields
	if err := json.Unmarshal(inputs, &in); err != nil || in == nil {
		if json.Valid(inputs) {
			return nil, BadInput(Mismatch("/", "object", inputs))
		}
		return nil, Incomplete("inputs are not JSON")
	}
	return in, nil
}

// Has reports whether a field is there and not null.
func (in Fields) Has(name string) bool {
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

// Mismatch is the problem of a value that is not of the type its schema wants.
func Mismatch(path, want string, raw json.RawMessage) string {
	return fmt.Sprintf("Type mismatch of '%s', '%s' not in '%s'", path, want, strings.Join(jsonTypes(raw), "','"))
}

// IsType reports whether raw is of the JSON schema's type want.
func IsType(raw json.RawMessage, want string) bool {
	for _, t := range jsonTypes(raw) {
		if t == want {
			return true
		}
	}
	return false
}

// Bounds are the least and most a number or a length may be; Unbounded leaves a side open.
type Bounds struct{ Min, Max float64 }

// Unbounded stands for a bound that there is not.
var Unbounded = math.NaN()

// Text reads a string. A missing field is no problem: the callers know which
// fields are required, and which may stand for each other.
func (in Fields) Text(name string, b Bounds) (value, problem string) {
	if !in.Has(name) {
		return "", ""
	}
	if !IsType(in[name], "string") {
		return "", Mismatch("/"+name, "string", in[name])
	}
	if err := json.Unmarshal(in[name], &value); err != nil {
		return "", Mismatch("/"+name, "string", in[name])
	}
	if problem := lengthProblem(name, jsLength(value), b); problem != "" {
		return "", problem
	}
	return value, ""
}

func lengthProblem(name string, length int, b Bounds) string {
	if n := float64(length); n < b.Min {
		return fmt.Sprintf("Length of '/%s' must be >= %g not met", name, b.Min)
	} else if n > b.Max {
		return fmt.Sprintf("Length of '/%s' must be <= %g", name, b.Max)
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

// Number reads a number of kind "number" or "integer"; a missing field is fallback.
func (in Fields) Number(name, kind string, b Bounds, fallback float64) (value float64, problem string) {
	if !in.Has(name) {
		return fallback, ""
	}
	if !IsType(in[name], kind) {
		return 0, Mismatch("/"+name, kind, in[name])
	}
	value, err := strconv.ParseFloat(string(bytes.TrimSpace(in[name])), 64)
	if err != nil {
		return 0, Mismatch("/"+name, kind, in[name])
	}
	if value < b.Min {
		return 0, fmt.Sprintf("'/%s' must be >= %s", name, FormatNumber(b.Min))
	}
	if value > b.Max {
		return 0, fmt.Sprintf("'/%s' must be <= %s", name, FormatNumber(b.Max))
	}
	return value, ""
}

// FormatNumber writes f without an exponent, as problems name it.
func FormatNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Flag reads a boolean.
func (in Fields) Flag(name string) (value bool, problem string) {
	if !in.Has(name) {
		return false, ""
	}
	if !IsType(in[name], "boolean") {
		return false, Mismatch("/"+name, "boolean", in[name])
	}
	return string(bytes.TrimSpace(in[name])) == "true", ""
}

// RequiredText reads a string of at least one character that must be there.
// required is the list of names that the error shows.
func (in Fields) RequiredText(name, required string) (string, error) {
	value, problem := in.Text(name, Bounds{1, Unbounded})
	if problem == "" && !in.Has(name) {
		problem = Missing(required)
	}
	if problem != "" {
		return "", BadInput(problem)
	}
	return value, nil
}

// Missing is the problem of inputs without one that is required.
func Missing(required string) string { return "required properties at '/' are '" + required + "'" }

// Put sets a field to v; a value that cannot be encoded leaves it as it is.
func (in Fields) Put(name string, v any) {
	if raw, err := EncodeJSON(v); err == nil {
		in[name] = json.RawMessage(raw)
	}
}
