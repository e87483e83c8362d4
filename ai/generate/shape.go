package generate

import (
	"bytes"
	"encoding/json"
	"strings"
)

// shapeNode is the form that a generated JSON value must have. It is read from an
// example in a prompt (example.go) or from a JSON schema (schema.go).
type shapeNode struct {
	kind     kind
	fields   []shapeField // of an object, in order
	items    []*shapeNode // of an array: one a position, the last one repeats
	options  []string     // JSON texts of which one is taken
	min, max *float64     // of a number
	minSize  int          // elements of an array, characters of a string
	maxSize  int          // 0 = open
	format   string       // date-time, date, email, uri, uuid …
	step     float64      // of a number: it is a multiple; 0 = any
	unique   bool         // no two elements of an array are the same
	pattern  string       // a regular expression that the string must match
}

type shapeField struct {
	name string
	node *shapeNode
}

type kind int

const (
	kindAny kind = iota
	kindObject
	kindArray
	kindString
	kindInteger
	kindNumber
	kindBoolean
	kindNull
	kindChoice
)

func (s *shapeNode) field(names ...string) *shapeNode {
	for _, f := range s.fields {
		for _, name := range names {
			if strings.EqualFold(f.name, name) {
				return f.node
			}
		}
	}
	return nil
}

// Member is one member of an object whose order matters.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members reads the first most members of an object, in their order in the text.
func Members(raw json.RawMessage, most int) []Member {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []Member
	for len(out) < most && dec.More() {
		name, err := dec.Token()
		if err != nil {
			return out
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return out
		}
		text, _ := name.(string)
		out = append(out, Member{text, value})
	}
	return out
}
