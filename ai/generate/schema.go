package generate

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// schemaDoc is a JSON schema that is being read: $ref points into root.
type schemaDoc struct {
	root       json.RawMessage
	nodeCount  int            // read so far
	readBytes  int            // bytes read so far
	activeRefs map[string]int // how often a $ref is being followed right now
}

// errEndlessRef is a part that refers to itself without end. An optional property
// or the elements of an array are then left out.
var errEndlessRef = errors.New("ai: the schema refers to itself without end")

type schemaPart struct {
	Type            json.RawMessage   `json:"type"`
	Props           json.RawMessage   `json:"properties"`
	Items           json.RawMessage   `json:"items"`
	Prefix          []json.RawMessage `json:"prefixItems"`
	Enum            []json.RawMessage `json:"enum"`
	Const           json.RawMessage   `json:"const"`
	AnyOf           []json.RawMessage `json:"anyOf"`
	OneOf           []json.RawMessage `json:"oneOf"`
	AllOf           []json.RawMessage `json:"allOf"`
	Ref             string            `json:"$ref"`
	Minimum         *float64          `json:"minimum"`
	Maximum         *float64          `json:"maximum"`
	ExclusiveMin    *float64          `json:"exclusiveMinimum"`
	ExclusiveMax    *float64          `json:"exclusiveMaximum"`
	MinItems        int               `json:"minItems"`
	MaxItems        *int              `json:"maxItems"`
	MinLength       int               `json:"minLength"`
	MaxLength       int               `json:"maxLength"`
	Format          string            `json:"format"`
	Pattern         string            `json:"pattern"`
	Required        []string          `json:"required"`
	AdditionalProps json.RawMessage   `json:"additionalProperties"`
	MinProps        int               `json:"minProperties"`
	MultipleOf      float64           `json:"multipleOf"`
	Unique          bool              `json:"uniqueItems"`
}

// parseSchema reads the json_schema of response_format: a schema, or OpenAI's
// {name, schema}. A schema that it cannot follow is ErrJSONMode.
func parseSchema(raw json.RawMessage) (*shapeNode, error) {
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(raw, &wrapped) == nil && inference.IsType(wrapped.Schema, "object") {
		raw = wrapped.Schema
	}
	if len(raw) > inference.MaxSchemaBytes {
		return nil, inference.ErrJSONMode
	}
	node, err := (&schemaDoc{root: raw, activeRefs: map[string]int{}}).parseNode(raw, 0)
	if errors.Is(err, errEndlessRef) {
		return nil, inference.ErrJSONMode
	}
	return node, err
}

func (d *schemaDoc) parseNode(raw json.RawMessage, depth int) (*shapeNode, error) {
	d.readBytes += len(raw)
	if d.nodeCount++; depth > inference.MaxShapeDepth || d.nodeCount > inference.MaxShapeNodes || d.readBytes > inference.MaxSchemaRead {
		return nil, inference.ErrJSONMode
	}
	if s := strings.TrimSpace(string(raw)); s == "true" || s == "" {
		return &shapeNode{kind: kindString}, nil
	}
	var s schemaPart
	if json.Unmarshal(raw, &s) != nil {
		return nil, inference.ErrJSONMode
	}
	switch {
	case s.Ref != "":
		return d.followRef(s.Ref, depth)
	case len(s.Const) > 0:
		return &shapeNode{kind: kindChoice, options: []string{Compact(s.Const)}}, nil
	case len(s.Enum) > 0:
		node := &shapeNode{kind: kindChoice}
		for _, e := range s.Enum {
			node.options = append(node.options, Compact(e))
		}
		return node, nil
	case len(s.AnyOf)+len(s.OneOf) > 0:
		return d.firstAlternative(&s, depth)
	case len(s.AllOf) > 0:
		return d.mergeAll(&s, depth)
	}
	return d.parseTyped(&s, depth)
}

func (d *schemaDoc) followRef(ref string, depth int) (*shapeNode, error) {
	target, ok := d.resolve(ref)
	if !ok {
		return nil, inference.ErrJSONMode
	}
	if d.activeRefs[ref] >= inference.MaxRefDepth {
		return nil, errEndlessRef
	}
	d.activeRefs[ref]++
	defer func() { d.activeRefs[ref]-- }()
	return d.parseNode(target, depth+1)
}

// firstAlternative is the first of anyOf or oneOf that does not refer to itself
// without end, merged with the keywords beside it; null comes last.
func (d *schemaDoc) firstAlternative(s *schemaPart, depth int) (*shapeNode, error) {
	var last error = inference.ErrJSONMode
	for _, alternative := range nullLast(append(s.AnyOf, s.OneOf...)) {
		part := *s
		part.AnyOf, part.OneOf = nil, nil
		if part.Type == nil && part.Props == nil && part.Required == nil && part.AllOf == nil {
			node, err := d.parseNode(alternative, depth+1)
			if err == nil {
				return node, nil
			}
			last = err
			continue
		}
		part.AllOf = append(append([]json.RawMessage{}, s.AllOf...), alternative)
		node, err := d.mergeAll(&part, depth)
		if err == nil {
			return node, nil
		}
		last = err
	}
	return nil, last
}

// mergeAll merges the parts of allOf: their properties, or else their bounds.
func (d *schemaDoc) mergeAll(s *schemaPart, depth int) (*shapeNode, error) {
	merged, err := d.parseTyped(s, depth)
	if err != nil {
		return nil, err
	}
	typed := s.Type != nil || s.Props != nil
	for _, part := range s.AllOf {
		node, err := d.parseNode(part, depth+1)
		if err != nil {
			return nil, err
		}
		var p schemaPart
		_ = json.Unmarshal(part, &p) // read before
		switch {
		case node.kind == kindObject || p.Required != nil && merged.kind == kindObject:
			merged.kind, typed = kindObject, true
			for _, f := range node.fields {
				merged.setField(f, p.Props != nil || p.Ref != "")
			}
		case !typed:
			merged, typed = node, true
		case p.Type == nil || merged.kind == node.kind:
			merged.narrow(node)
		}
	}
	return merged, nil
}

// setField adds a field. One of the same name is narrowed, or replaced when types
// differ and isDescribed says that f comes from a part with properties of its own.
func (n *shapeNode) setField(f shapeField, isDescribed bool) {
	for i := range n.fields {
		existing := n.fields[i].node
		switch {
		case n.fields[i].name != f.name:
			continue
		case existing.kind == f.node.kind, existing.kind == kindInteger && f.node.kind == kindNumber:
			existing.narrow(f.node)
		case isDescribed:
			n.fields[i] = f
		}
		return
	}
	n.fields = append(n.fields, f)
}

// narrow takes over the bounds of another part.
func (n *shapeNode) narrow(by *shapeNode) {
	if by.min != nil && (n.min == nil || *by.min > *n.min) {
		n.min = by.min
	}
	if by.max != nil && (n.max == nil || *by.max < *n.max) {
		n.max = by.max
	}
	n.minSize = max(n.minSize, by.minSize)
	if by.maxSize > 0 && (n.maxSize == 0 || by.maxSize < n.maxSize) {
		n.maxSize = by.maxSize
	}
	if by.pattern != "" {
		n.pattern = by.pattern
	}
	if by.format != "" {
		n.format = by.format
	}
	if by.options != nil {
		n.kind, n.options = by.kind, by.options
	}
}

// nullLast puts the alternatives that are only null behind the others.
func nullLast(alternatives []json.RawMessage) []json.RawMessage {
	var real, null []json.RawMessage
	for _, a := range alternatives {
		var s schemaPart
		if json.Unmarshal(a, &s) == nil && string(s.Type) == `"null"` {
			null = append(null, a)
			continue
		}
		real = append(real, a)
	}
	return append(real, null...)
}

// addProperties reads the properties of an object into node. An optional one that
// refers to itself without end is left out.
func (d *schemaDoc) addProperties(s *schemaPart, node *shapeNode, depth int) error {
	node.kind = kindObject
	for _, m := range Members(s.Props, inference.MaxShapeNodes+1) {
		value, err := d.parseNode(m.Value, depth+1)
		if errors.Is(err, errEndlessRef) && !slices.Contains(s.Required, m.Name) {
			continue
		}
		if err != nil {
			return err
		}
		if string(bytes.TrimSpace(m.Value)) != "false" {
			node.fields = append(node.fields, shapeField{m.Name, value})
		}
	}
	open := inference.IsType(s.AdditionalProps, "object")
	other := func() (*shapeNode, error) {
		if open {
			return d.parseNode(s.AdditionalProps, depth+1)
		}
		return &shapeNode{kind: kindAny}, nil
	}
	names := s.Required
	for i := 0; len(node.fields)+len(names) < s.MinProps && i < inference.MaxArrayItems || open && s.Props == nil && i < 2; i++ {
		names = append(names[:len(names):len(names)], "item"+strconv.Itoa(i+1))
	}
	for _, name := range names {
		if node.has(name) {
			continue
		}
		value, err := other()
		if err != nil {
			return err
		}
		node.fields = append(node.fields, shapeField{name, value})
	}
	return nil
}

func (n *shapeNode) has(name string) bool {
	return slices.ContainsFunc(n.fields, func(f shapeField) bool { return f.name == name })
}

func (d *schemaDoc) parseTyped(s *schemaPart, depth int) (*shapeNode, error) {
	node := &shapeNode{min: s.Minimum, max: s.Maximum, format: s.Format, pattern: s.Pattern, step: s.MultipleOf}
	switch name := s.typeName(); name {
	case "object":
		return node, d.addProperties(s, node, depth)
	case "array":
		return d.parseArray(s, depth)
	case "integer", "number":
		node.kind = kindNumber
		step := 0.01
		if name == "integer" {
			node.kind, step = kindInteger, 1
		}
		node.setExclusiveBounds(s, step)
	case "boolean":
		node.kind = kindBoolean
	case "null":
		node.kind = kindNull
	default:
		node.kind, node.minSize, node.maxSize = kindString, s.MinLength, s.MaxLength
	}
	return node, nil
}

func (n *shapeNode) setExclusiveBounds(s *schemaPart, step float64) {
	if s.ExclusiveMin != nil {
		low := *s.ExclusiveMin + step
		n.min = &low
	}
	if s.ExclusiveMax != nil {
		high := *s.ExclusiveMax - step
		n.max = &high
	}
}

func (d *schemaDoc) parseArray(s *schemaPart, depth int) (*shapeNode, error) {
	node := &shapeNode{kind: kindArray, minSize: s.MinItems, unique: s.Unique}
	if s.MaxItems != nil {
		node.maxSize = *s.MaxItems
		if node.maxSize == 0 {
			return node, nil // an array that may hold nothing
		}
	}
	for _, raw := range append(s.Prefix, s.Items) {
		if string(bytes.TrimSpace(raw)) == "false" || raw == nil && len(s.Prefix) > 0 {
			node.maxSize = len(node.items) // no elements beside those
			break
		}
		item, err := d.parseNode(raw, depth+1)
		if errors.Is(err, errEndlessRef) && s.MinItems <= len(node.items) {
			return node, nil
		}
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
	case s.Props != nil || s.Required != nil || s.AdditionalProps != nil || s.MinProps > 0:
		return "object"
	case s.Items != nil || s.Prefix != nil:
		return "array"
	case s.Minimum != nil || s.Maximum != nil || s.ExclusiveMin != nil || s.ExclusiveMax != nil || s.MultipleOf != 0:
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
		if d.readBytes += len(at); d.readBytes > inference.MaxSchemaRead {
			return nil, false
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

// Compact is raw without spaces between its parts.
func Compact(raw json.RawMessage) string {
	b, err := inference.EncodeJSON(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}
