package yamlfile

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode reads one document into a struct. A key that the struct lacks, and a
// value of another type, is an error of one line that names the line of the
// file. An empty document changes nothing.
func Decode(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	err := dec.Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	lines := make([]string, len(wrong.Errors))
	for i, text := range wrong.Errors {
		lines[i] = plain(text)
	}
	return errors.New(strings.Join(lines, "; "))
}

var (
	unknown = regexp.MustCompile(`field (.+) not found in type .+$`)
	typed   = regexp.MustCompile(`cannot unmarshal !!(\S+?)(?: (.+))? into (.+)$`)
)

// plain says it in the words of the file, not of Go.
func plain(text string) string {
	if m := unknown.FindStringSubmatchIndex(text); m != nil {
		return text[:m[0]] + "unknown key " + text[m[2]:m[3]]
	}
	m := typed.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	found := kinds[m[1]]
	if m[2] != "" {
		found += " " + m[2]
	}
	return strings.TrimSuffix(text, m[0]) + "found " + found + ", want " + want(m[3])
}

// kinds are YAML's short tags.
var kinds = map[string]string{
	"str": "the text", "int": "the number", "float": "the number", "bool": "the value", "null": "nothing", "map": "a table", "seq": "a list",
}

func want(goType string) string {
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
