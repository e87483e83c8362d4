package ai

import (
	"encoding/json"
	"strings"
)

// schemaDoc is a JSON schema that is being read: $ref points into root.
type schemaDoc struct {
	root  json.RawMessage
	nodes int // read so far
}

type schemaPart struct {
	Type      json.RawMessage   `json:"type"`
	Props     json.RawMessage   `json:"properties"`
	Items     json.RawMessage   `json:"items"`
	Prefix    []json.RawMessage `json:"prefixItems"`
	Enum      []json.RawMessage `json:"enum"`
	Const     json.RawMessage   `json:"const"`
	AnyOf     []json.RawMessage `json:"anyOf"`
	OneOf     []json.RawMessage `json:"oneOf"`
	AllOf     []json.RawMessage `json:"allOf"`
	Ref       string            `json:"$ref"`
	Minimum   *float64          `json:"minimum"`
	Maximum   *float64          `json:"maximum"`
	Above     *float64          `json:"exclusiveMinimum"`
	Below     *float64          `json:"exclusiveMaximum"`
	MinItems  int               `json:"minItems"`
	MaxItems  *int              `json:"maxItems"`
	MinLength int               `json:"minLength"`
	MaxLength int               `json:"maxLength"`
	Format    string            `json:"format"`
	Pattern   string            `json:"pattern"`
}

// parseSchema reads the json_schema of response_format: a schema, or OpenAI's
// {name, schema}. What it cannot follow is errJSONMode.
func parseSchema(raw json.RawMessage) (*shapeNode, error) {
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(raw, &wrapped) == nil && isType(wrapped.Schema, "object") {
		raw = wrapped.Schema
	}
	return (&schemaDoc{root: raw}).node(raw, 0)
}

func (d *schemaDoc) node(raw json.RawMessage, depth int) (*shapeNode, error) {
	if d.nodes++; depth > maxShapeDepth || d.nodes > maxShapeNodes {
		return nil, errJSONMode
	}
	if s := strings.TrimSpace(string(raw)); s == "true" || s == "" {
		return &shapeNode{kind: kindString}, nil
	}
	var s schemaPart
	if json.Unmarshal(raw, &s) != nil {
		return nil, errJSONMode
	}
	switch {
	case s.Ref != "":
		target, ok := d.resolve(s.Ref)
		if !ok {
			return nil, errJSONMode
		}
		return d.node(target, depth+1)
	case len(s.Const) > 0:
		return &shapeNode{kind: kindChoice, options: []string{compact(s.Const)}}, nil
	case len(s.Enum) > 0:
		node := &shapeNode{kind: kindChoice}
		for _, e := range s.Enum {
			node.options = append(node.options, compact(e))
		}
		return node, nil
	case len(s.AnyOf) > 0:
		return d.node(firstReal(s.AnyOf), depth+1)
	case len(s.OneOf) > 0:
		return d.node(firstReal(s.OneOf), depth+1)
	case len(s.AllOf) > 0:
		return d.all(&s, depth)
	}
	return d.typed(&s, depth)
}

// all merges the objects of allOf.
func (d *schemaDoc) all(s *schemaPart, depth int) (*shapeNode, error) {
	merged, err := d.typed(s, depth)
	if err != nil {
		return nil, err
	}
	for _, part := range s.AllOf {
		node, err := d.node(part, depth+1)
		if err != nil {
			return nil, err
		}
		if node.kind != kindObject {
			return node, nil
		}
		merged.kind = kindObject
		merged.fields = append(merged.fields, node.fields...)
	}
	return merged, nil
}

// firstReal is the first alternative that is not null.
func firstReal(alternatives []json.RawMessage) json.RawMessage {
	for _, a := range alternatives {
		var s schemaPart
		if json.Unmarshal(a, &s) == nil && string(s.Type) != `"null"` {
			return a
		}
	}
	return alternatives[0]
}

func (d *schemaDoc) typed(s *schemaPart, depth int) (*shapeNode, error) {
	node := &shapeNode{min: s.Minimum, max: s.Maximum, format: s.Format, pattern: s.Pattern}
	switch name := s.typeName(); name {
	case "object":
		node.kind = kindObject
		for _, m := range members(s.Props) {
			value, err := d.node(m.value, depth+1)
			if err != nil {
				return nil, err
			}
			node.fields = append(node.fields, shapeField{m.name, value})
		}
	case "array":
		return d.array(s, depth)
	case "integer", "number":
		node.kind = kindNumber
		step := 0.01
		if name == "integer" {
			node.kind, step = kindInteger, 1
		}
		node.exclusive(s, step)
	case "boolean":
		node.kind = kindBoolean
	case "null":
		node.kind = kindNull
	default:
		node.kind, node.least, node.most = kindString, s.MinLength, s.MaxLength
	}
	return node, nil
}

func (n *shapeNode) exclusive(s *schemaPart, step float64) {
	if s.Above != nil {
		low := *s.Above + step
		n.min = &low
	}
	if s.Below != nil {
		high := *s.Below - step
		n.max = &high
	}
}

func (d *schemaDoc) array(s *schemaPart, depth int) (*shapeNode, error) {
	node := &shapeNode{kind: kindArray, least: s.MinItems}
	if s.MaxItems != nil {
		node.most = *s.MaxItems
		if node.most == 0 {
			return node, nil // an array that may hold nothing
		}
	}
	for _, raw := range append(s.Prefix, s.Items) {
		item, err := d.node(raw, depth+1)
		if err != nil {
			return nil, err
		}
		node.items = append(node.items, item)
	}
	return node, nil
}

// typeName is the type, the first one that is not null of several, or what the
// keywords imply.
func (s *schemaPart) typeName() string {
	var one string
	if json.Unmarshal(s.Type, &one) == nil {
		return one
	}
	var several []string
	if json.Unmarshal(s.Type, &several) == nil {
		for _, t := range several {
			if t != "null" {
				return t
			}
		}
		return "null"
	}
	switch {
	case s.Props != nil:
		return "object"
	case s.Items != nil || s.Prefix != nil:
		return "array"
	case s.Minimum != nil || s.Maximum != nil:
		return "number"
	}
	return "string"
}

// resolve follows a reference inside the document (#/$defs/name).
func (d *schemaDoc) resolve(ref string) (json.RawMessage, bool) {
	rest, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, false
	}
	at := d.root
	for step := range strings.SplitSeq(strings.TrimPrefix(rest, "/"), "/") {
		if step == "" {
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(at, &object) != nil {
			return nil, false
		}
		if at, ok = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(step)]; !ok {
			return nil, false
		}
	}
	return at, true
}

func compact(raw json.RawMessage) string {
	b, err := encodeJSON(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}
