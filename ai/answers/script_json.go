package answers

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"

	"flint/ai/inference"
)

// yamlToJSON keeps the order of keys. A string is taken as JSON text.
func yamlToJSON(node *yaml.Node) (json.RawMessage, error) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!str" {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(node.Value)); err != nil {
			return nil, fmt.Errorf("json: line %d: %w", node.Line, err)
		}
		return b.Bytes(), nil
	}
	var b bytes.Buffer
	if err := writeYAML(&b, node, 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeYAML is bounded in depth and size, because aliases can make a small file
// endless.
func writeYAML(b *bytes.Buffer, node *yaml.Node, depth int) error {
	if depth > inference.MaxShapeDepth || b.Len() > inference.MaxScriptBytes {
		return fmt.Errorf("json: line %d: nested too deeply or too large", node.Line)
	}
	open, end, step := "[", "]", 1
	switch node.Kind {
	case yaml.AliasNode:
		return writeYAML(b, node.Alias, depth+1)
	case yaml.MappingNode:
		open, end, step = "{", "}", 2
	case yaml.ScalarNode:
		return writeScalar(b, node)
	}
	b.WriteString(open)
	for i := 0; i+step <= len(node.Content); i += step {
		if i > 0 {
			b.WriteByte(',')
		}
		if step == 2 {
			b.WriteString(inference.Quote(node.Content[i].Value) + ":")
		}
		if err := writeYAML(b, node.Content[i+step-1], depth+1); err != nil {
			return err
		}
	}
	b.WriteString(end)
	return nil
}

func writeScalar(b *bytes.Buffer, node *yaml.Node) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	text, err := inference.EncodeJSON(value)
	if err != nil {
		return fmt.Errorf("json: line %d: %w", node.Line, err)
	}
	b.Write(text)
	return nil
}
