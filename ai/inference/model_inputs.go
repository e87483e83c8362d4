package inference

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

// Input is what a model's schema says of one of its inputs.
type Input struct {
	Name     string
	Kind     string // string, number, integer, boolean, object, array, texts, bytes or any
	Required bool
	Size     Bounds // of a number, or of the characters of a text
	Items    Bounds // elements of a list
	Enum     []string
}

// inputSchemas are the inputs by schema, and which schema a model has.
type inputSchemas struct {
	byModel map[string][]Input // by model
	byShape map[string][]Input // by the shape of the answers
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
	s := &inputSchemas{byModel: map[string][]Input{}, byShape: map[string][]Input{}}
	byName := map[string][]Input{}
	for name, schema := range file.Schemas {
		inputs, err := readInputs(&schema.Inputs, nil)
		if err != nil {
			return nil, fmt.Errorf("ai: inputs of %s: %w", name, err)
		}
		byName[name] = inputs
		for _, model := range slices.Concat(schema.Of, schema.Partly) {
			s.byModel[model] = byName[name]
		}
	}
	for shape, name := range file.Family {
		s.byShape[shape] = byName[name]
	}
	return s, nil
}

// readInputs reads a mapping in its order; one that is there already stays as
// it is when another mapping is merged in (<<).
func readInputs(n *yaml.Node, known []Input) ([]Input, error) {
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
		if !slices.ContainsFunc(known, func(h Input) bool { return h.Name == in.Name }) {
			known = append(known, in)
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "<<" {
			return readInputs(n.Content[i+1], known)
		}
	}
	return known, nil
}

// parseInput reads "string! 1..2048", "integer 1..50", "string a|b", "texts 1.. [..100]".
func parseInput(name, text string) (Input, error) {
	in := Input{Name: name, Size: Bounds{Unbounded, Unbounded}, Items: Bounds{Unbounded, Unbounded}}
	for i, part := range strings.Fields(text) {
		var err error
		switch {
		case i == 0:
			in.Kind, in.Required = strings.TrimSuffix(part, "!"), strings.HasSuffix(part, "!")
		case strings.HasPrefix(part, "["):
			in.Items, err = parseBounds(strings.Trim(part, "[]"))
		case strings.Contains(part, ".."):
			in.Size, err = parseBounds(part)
		default:
			in.Enum = strings.Split(part, "|")
		}
		if err != nil {
			return in, fmt.Errorf("%s: %w", name, err)
		}
	}
	if !slices.Contains([]string{"string", "number", "integer", "boolean", "object", "array", "texts", "bytes", "any"}, in.Kind) {
		return in, fmt.Errorf("%s: unknown type %q", name, in.Kind)
	}
	return in, nil
}

func parseBounds(text string) (Bounds, error) {
	low, high, _ := strings.Cut(text, "..")
	b := Bounds{Unbounded, Unbounded}
	var err error
	if low != "" {
		b.Min, err = strconv.ParseFloat(low, 64)
	}
	if high != "" && err == nil {
		b.Max, err = strconv.ParseFloat(high, 64)
	}
	return b, err
}

// CheckInputs compares the inputs of a call with the model's schema. Inputs that the
// schema does not name pass, as they do at Cloudflare.
func (m *Model) CheckInputs(in Fields) (problem string) {
	var required []string
	absent := false
	for _, i := range m.Inputs {
		if i.Required {
			required = append(required, i.Name)
			absent = absent || !in.Has(i.Name)
		}
	}
	if absent {
		return Missing(strings.Join(required, ","))
	}
	for i := range m.Inputs {
		if problem := m.Inputs[i].check(in); problem != "" {
			return problem
		}
	}
	return ""
}

func (i *Input) check(in Fields) (problem string) {
	if !in.Has(i.Name) {
		return ""
	}
	switch i.Kind {
	case "string":
		value, problem := in.Text(i.Name, i.Size)
		if problem == "" && i.Enum != nil && !slices.Contains(i.Enum, value) {
			problem = "enum " + value + " not in " + strings.Join(i.Enum, ",") + " at '/" + i.Name + "'"
		}
		return problem
	case "number", "integer":
		_, problem = in.Number(i.Name, i.Kind, i.Size, 0)
	case "boolean":
		_, problem = in.Flag(i.Name)
	case "object", "array":
		if !IsType(in[i.Name], i.Kind) {
			return Mismatch("/"+i.Name, i.Kind, in[i.Name])
		}
		if i.Kind == "array" && i.Items.Max == i.Items.Max {
			return i.checkList(in[i.Name], "")
		}
	case "texts":
		if IsType(in[i.Name], "string") {
			_, problem = in.Text(i.Name, i.Size)
			return problem
		}
		return i.checkList(in[i.Name], "string")
	}
	return problem
}

// checkList checks the elements of a list: how many, and texts their length.
func (i *Input) checkList(raw json.RawMessage, kind string) (problem string) {
	if !IsType(raw, "array") {
		return Mismatch("/"+i.Name, "string", raw)
	}
	n := 0
	for item := range listElements(raw) {
		if n++; float64(n) > i.Items.Max {
			return fmt.Sprintf("Length of '/%s' must be <= %s", i.Name, FormatNumber(i.Items.Max))
		}
		if kind == "" || problem != "" {
			continue // too many comes before what is wrong with one
		}
		path := i.Name + "/" + strconv.Itoa(n-1)
		if !IsType(item, kind) {
			problem = Mismatch("/"+path, kind, item)
		} else if length, ok := unescapedLength(item); ok {
			problem = lengthProblem(path, length, i.Size)
		} else {
			_, problem = (Fields{path: item}).Text(path, i.Size)
		}
	}
	return problem
}

// bounds are the bounds of an input; an unknown one must have at least one character.
func (m *Model) bounds(name string) Bounds {
	for _, i := range m.Inputs {
		if i.Name == name {
			return i.Size
		}
	}
	return Bounds{1, Unbounded}
}

// AcceptsInput reports whether the model's schema names an input.
func (m *Model) AcceptsInput(name string) bool {
	return slices.ContainsFunc(m.Inputs, func(i Input) bool { return i.Name == name })
}

// without are the inputs but for those named.
func without(in Fields, names ...string) Fields {
	out := maps.Clone(in)
	for _, name := range names {
		delete(out, name)
	}
	return out
}
