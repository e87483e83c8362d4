package ai

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed inputs.yaml
var inputsYAML []byte

// input is what a model's schema says of one of its inputs.
type input struct {
	name     string
	kind     string // string, number, integer, boolean, object, array, texts, bytes or any
	required bool
	size     bounds // of a number, or of the characters of a text
	items    bounds // elements of a list
	enum     []string
}

// inputSchemas are the inputs by schema, and which schema a model has.
type inputSchemas struct {
	own    map[string][]input // by model
	family map[string][]input // by the shape of the answers
}

func parseInputs(data []byte) (*inputSchemas, error) {
	var file struct {
		Schemas map[string]struct {
			Inputs     yaml.Node
			Of, Partly []string
		}
		Family map[string]string
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("ai: inputs: %w", err)
	}
	s := &inputSchemas{own: map[string][]input{}, family: map[string][]input{}}
	byName := map[string][]input{}
	for name, schema := range file.Schemas {
		inputs, err := readInputs(&schema.Inputs, nil)
		if err != nil {
			return nil, fmt.Errorf("ai: inputs of %s: %w", name, err)
		}
		byName[name] = inputs
		for _, model := range slices.Concat(schema.Of, schema.Partly) {
			s.own[model] = byName[name]
		}
	}
	for shape, name := range file.Family {
		s.family[shape] = byName[name]
	}
	return s, nil
}

// readInputs reads a mapping in its order; one that is there already stays as
// it is when another mapping is merged in (<<).
func readInputs(n *yaml.Node, have []input) ([]input, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "<<" {
			continue
		}
		in, err := parseInput(key.Value, value.Value)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(have, func(h input) bool { return h.name == in.name }) {
			have = append(have, in)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "<<" {
			return readInputs(n.Content[i+1], have)
		}
	}
	return have, nil
}

// parseInput reads "string! 1..2048", "integer 1..50", "string a|b", "texts 1.. [..100]".
func parseInput(name, text string) (input, error) {
	in := input{name: name, size: bounds{open, open}, items: bounds{open, open}}
	for i, part := range strings.Fields(text) {
		var err error
		switch {
		case i == 0:
			in.kind, in.required = strings.TrimSuffix(part, "!"), strings.HasSuffix(part, "!")
		case strings.HasPrefix(part, "["):
			in.items, err = parseBounds(strings.Trim(part, "[]"))
		case strings.Contains(part, ".."):
			in.size, err = parseBounds(part)
		default:
			in.enum = strings.Split(part, "|")
		}
		if err != nil {
			return in, fmt.Errorf("%s: %w", name, err)
		}
	}
	if !slices.Contains([]string{"string", "number", "integer", "boolean", "object", "array", "texts", "bytes", "any"}, in.kind) {
		return in, fmt.Errorf("%s: unknown type %q", name, in.kind)
	}
	return in, nil
}

func parseBounds(text string) (bounds, error) {
	low, high, _ := strings.Cut(text, "..")
	b := bounds{open, open}
	var err error
	if low != "" {
		b.least, err = strconv.ParseFloat(low, 64)
	}
	if high != "" && err == nil {
		b.most, err = strconv.ParseFloat(high, 64)
	}
	return b, err
}

// check compares the inputs of a call with the model's schema. Inputs that the
// schema does not name pass, as they do at Cloudflare.
func (m *Model) check(in fields) (problem string) {
	var required []string
	absent := false
	for _, i := range m.Inputs {
		if i.required {
			required = append(required, i.name)
			absent = absent || !in.has(i.name)
		}
	}
	if absent {
		return missing(strings.Join(required, ","))
	}
	for i := range m.Inputs {
		if problem := m.Inputs[i].check(in); problem != "" {
			return problem
		}
	}
	return ""
}

func (i *input) check(in fields) (problem string) {
	if !in.has(i.name) {
		return ""
	}
	switch i.kind {
	case "string":
		value, problem := in.text(i.name, i.size)
		if problem == "" && i.enum != nil && !slices.Contains(i.enum, value) {
			problem = "enum " + value + " not in " + strings.Join(i.enum, ",") + " at '/" + i.name + "'"
		}
		return problem
	case "number", "integer":
		_, problem = in.number(i.name, i.kind, i.size, 0)
	case "boolean":
		_, problem = in.flag(i.name)
	case "object", "array":
		if !isType(in[i.name], i.kind) {
			return mismatch("/"+i.name, i.kind, in[i.name])
		}
		if i.kind == "array" && i.items.most == i.items.most {
			return i.checkList(in[i.name], "")
		}
	case "texts":
		if isType(in[i.name], "string") {
			_, problem = in.text(i.name, i.size)
			return problem
		}
		return i.checkList(in[i.name], "string")
	}
	return problem
}

// checkList checks the elements of a list: how many, and texts their length.
func (i *input) checkList(raw json.RawMessage, kind string) (problem string) {
	if !isType(raw, "array") {
		return mismatch("/"+i.name, "string", raw)
	}
	n := 0
	for item := range elements(raw) {
		if n++; float64(n) > i.items.most {
			return fmt.Sprintf("Length of '/%s' must be <= %s", i.name, plain(i.items.most))
		}
		if kind == "" || problem != "" {
			continue // too many comes before what is wrong with one
		}
		path := i.name + "/" + itoa(n-1)
		if !isType(item, kind) {
			problem = mismatch("/"+path, kind, item)
		} else if length, ok := plainLength(item); ok {
			problem = lengthProblem(path, length, i.size)
		} else {
			_, problem = (fields{path: item}).text(path, i.size)
		}
	}
	return problem
}

// bounds are the least and the most of an input; a text has one character at least.
func (m *Model) bounds(name string) bounds {
	for _, i := range m.Inputs {
		if i.name == name {
			return i.size
		}
	}
	return bounds{1, open}
}

// takes reports whether the model's schema names an input.
func (m *Model) takes(name string) bool {
	return slices.ContainsFunc(m.Inputs, func(i input) bool { return i.name == name })
}

// without are the inputs but for those named.
func without(in fields, names ...string) fields {
	out := maps.Clone(in)
	for _, name := range names {
		delete(out, name)
	}
	return out
}
