package yamlfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode decodes one document into a struct. A key that the struct does not have and a
// value of the wrong type are errors that name the line of the file, in one line of
// text. An empty document changes nothing.
func Decode(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	var typeErr *yaml.TypeError
	if !errors.As(err, &typeErr) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(typeErr.Errors))
	for i, text := range typeErr.Errors {
		lines[i] = translate(text)
	}
	return errors.New(strings.Join(lines, "; "))
}

var (
	unknownKey = regexp.MustCompile(`field (.+) not found in type .+$`)
	wrongType  = regexp.MustCompile(`cannot unmarshal !!(\S+?)(?: (.+))? into (.+)$`)
)

// translate rewrites an error of the YAML package, which names Go types, for the person
// who wrote the file.
func translate(text string) string {
	if m := unknownKey.FindStringSubmatchIndex(text); m != nil {
		return text[:m[0]] + "unknown key " + text[m[2]:m[3]]
	}
	m := wrongType.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	found := tagNames[m[1]]
	if m[2] != "" {
		found += " " + m[2]
	}
	return strings.TrimSuffix(text, m[0]) + "found " + found + ", want " + wantedType(m[3])
}

// tagNames describe YAML's short tags.
var tagNames = map[string]string{
	"str": "the text", "int": "the number", "float": "the number", "bool": "the value", "null": "nothing", "map": "a table", "seq": "a list",
}

// wantedType describes a Go type in the words of YAML.
func wantedType(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a text"
	}
	return "a table"
}
