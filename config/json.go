package config

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tailscale/hujson"
)

// parseJSON reads JSON with comments and trailing commas. Of a key that is
// written twice the last one counts, as in JavaScript.
func parseJSON(data []byte) (*node, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &syntaxError{position{1, 1}, "the file is empty"}
	}
	v, err := hujson.Parse(data)
	if err != nil {
		return nil, jsonError(err)
	}
	b := &jsonBuild{newLines(data)}
	return b.value(&v)
}

func jsonError(err error) error {
	e := &syntaxError{text: err.Error()}
	if n, _ := fmt.Sscanf(e.text, "hujson: line %d, column %d:", &e.pos.line, &e.pos.col); n == 2 {
		prefix := fmt.Sprintf("hujson: line %d, column %d: ", e.pos.line, e.pos.col)
		e.text = e.text[min(len(prefix), len(e.text)):]
	}
	return e
}

type jsonBuild struct{ lines *lines }

func (b *jsonBuild) value(v *hujson.Value) (*node, error) {
	n := &node{pos: b.lines.at(v.StartOffset)}
	switch t := v.Value.(type) {
	case *hujson.Object:
		return n, b.table(n, t)
	case *hujson.Array:
		n.kind = kindList
		for i := range t.Elements {
			item, err := b.value(&t.Elements[i])
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case hujson.Literal:
		return n, b.literal(n, t)
	}
	return n, nil
}

func (b *jsonBuild) table(n *node, o *hujson.Object) error {
	n.kind = kindTable
	seen := map[string]int{}
	for i := range o.Members {
		m := &o.Members[i]
		name, ok := m.Name.Value.(hujson.Literal)
		if !ok {
			continue // the parser refuses any other name
		}
		value, err := b.value(&m.Value)
		if err != nil {
			return err
		}
		f := field{name.String(), b.lines.at(m.Name.StartOffset), value}
		if at, twice := seen[f.name]; twice {
			n.keys[at] = f
			continue
		}
		seen[f.name] = len(n.keys)
		n.keys = append(n.keys, f)
	}
	return nil
}

func (b *jsonBuild) literal(n *node, lit hujson.Literal) error {
	switch lit.Kind() {
	case '"':
		n.kind, n.text = kindText, lit.String()
	case 't', 'f':
		n.kind, n.boolValue = kindBool, lit.Bool()
	case '0':
		f, err := strconv.ParseFloat(string(lit), 64)
		if err != nil {
			return &syntaxError{n.pos, "the number " + quoted(string(lit)) + " is too large"}
		}
		n.kind, n.num = kindFloat, f
		if !bytes.ContainsAny(lit, ".eE") {
			n.kind = kindInt
		}
	}
	return nil
}
