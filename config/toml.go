package config

import (
	"errors"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseTOML reads a TOML document. The values come from the decoder, which
// knows all rules of the language; the positions from a walk over the syntax.
func parseTOML(data []byte) (*node, error) {
	var values map[string]any
	if err := toml.Unmarshal(data, &values); err != nil {
		return nil, tomlError(err)
	}
	w := &tomlWalk{lines: newLines(data), keys: map[string]position{}, values: map[string]position{}, tables: map[string]int{}}
	w.walk(data)
	return w.build("", values), nil
}

func tomlError(err error) error {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	var de *toml.DecodeError
	if errors.As(err, &de) {
		row, col := de.Position()
		return &syntaxError{position{row, col}, text}
	}
	return &syntaxError{text: text}
}

// tomlWalk notes where each key and value stands. Paths are keys joined by
// NUL; a list's item is "#" and its index.
type tomlWalk struct {
	lines  *lines
	keys   map[string]position
	values map[string]position
	tables map[string]int // [[name]]: how many so far
}

func join(path, key string) string { return path + "\x00" + key }

func (w *tomlWalk) walk(data []byte) {
	var p unstable.Parser
	p.Reset(data)
	current := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table:
			current = w.header(e, false)
		case unstable.ArrayTable:
			current = w.header(e, true)
		case unstable.KeyValue:
			w.keyValue(current, e)
		}
	}
}

func (w *tomlWalk) note(m map[string]position, path string, pos position) {
	if _, ok := m[path]; !ok {
		m[path] = pos
	}
}

// header follows [a.b] or [[a.b]]: a name on the way that is a list of tables
// means its newest one.
func (w *tomlWalk) header(e *unstable.Node, list bool) string {
	path := ""
	for it := e.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		pos := w.lines.at(int(it.Node().Raw.Offset))
		w.note(w.keys, path, pos)
		w.note(w.values, path, pos)
		if list && it.IsLast() {
			w.tables[path]++
		}
		if n := w.tables[path]; n > 0 {
			path = join(path, "#"+strconv.Itoa(n-1))
			w.note(w.values, path, pos)
		}
	}
	return path
}

func (w *tomlWalk) keyValue(path string, e *unstable.Node) {
	var pos position
	for it := e.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		pos = w.lines.at(int(it.Node().Raw.Offset))
		w.note(w.keys, path, pos)
		if !it.IsLast() {
			w.note(w.values, path, pos)
		}
	}
	w.value(path, pos, e.Value())
}

func (w *tomlWalk) value(path string, pos position, v *unstable.Node) {
	if v.Raw.Length > 0 {
		pos = w.lines.at(int(v.Raw.Offset))
	}
	w.note(w.values, path, pos)
	switch v.Kind {
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			w.value(join(path, "#"+strconv.Itoa(i)), pos, it.Node())
		}
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			if it.Node().Kind == unstable.KeyValue {
				w.keyValue(path, it.Node())
			}
		}
	}
}

func (w *tomlWalk) build(path string, v any) *node {
	n := &node{pos: w.values[path]}
	switch v := v.(type) {
	case bool:
		n.kind, n.boolValue = kindBool, v
	case int64:
		n.kind, n.num = kindInt, float64(v)
	case float64:
		n.kind, n.num = kindFloat, v
	case string:
		n.kind, n.text = kindText, v
	case []any:
		n.kind = kindList
		for i, item := range v {
			n.items = append(n.items, w.build(join(path, "#"+strconv.Itoa(i)), item))
		}
	case map[string]any:
		w.buildTable(n, path, v)
	case time.Time:
		n.kind, n.text = kindDate, v.Format(time.RFC3339)
	case interface{ String() string }: // toml.LocalDate, LocalTime, LocalDateTime
		n.kind, n.text = kindDate, v.String()
	}
	return n
}

func (w *tomlWalk) buildTable(n *node, path string, table map[string]any) {
	n.kind = kindTable
	for name, v := range table {
		p := join(path, name)
		n.keys = append(n.keys, field{name, w.keys[p], w.build(p, v)})
	}
	sort.Slice(n.keys, func(i, j int) bool {
		a, b := n.keys[i], n.keys[j]
		if a.pos.line != b.pos.line {
			return a.pos.line < b.pos.line
		}
		if a.pos.col != b.pos.col {
			return a.pos.col < b.pos.col
		}
		return a.name < b.name
	})
}
