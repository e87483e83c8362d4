package config

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"
)

// A Wrangler file is read into one tree whatever its syntax, so that the rules
// are written once and every error can say where it is.

type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInt
	kindFloat
	kindText
	kindDate // TOML only: Wrangler has no use for it
	kindList
	kindTable
)

// position is 1-based; the zero value means unknown.
type position struct{ line, col int }

type node struct {
	kind      kind
	pos       position
	text      string // text, or the source spelling of a date
	num       float64
	boolValue bool
	items     []*node // of a list
	keys      []field // of a table, in the order of the file
}

type field struct {
	name  string
	pos   position
	value *node
}

// get finds a key of a table; nil when it is absent or n is no table.
// An explicit null counts as absent, as in Wrangler.
func (n *node) get(name string) *node {
	if n == nil || n.kind != kindTable {
		return nil
	}
	for i := range n.keys {
		if n.keys[i].name == name && n.keys[i].value.kind != kindNull {
			return n.keys[i].value
		}
	}
	return nil
}

func (n *node) str() string {
	if n == nil || n.kind != kindText {
		return ""
	}
	return n.text
}

func (n *node) boolean() bool { return n != nil && n.kind == kindBool && n.boolValue }

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.items
}

func (n *node) strs() []string {
	var out []string
	for _, item := range n.list() {
		out = append(out, item.str())
	}
	return out
}

// empty reports whether declaring this value declares nothing.
func (n *node) empty() bool {
	switch {
	case n == nil || n.kind == kindNull:
		return true
	case n.kind == kindList:
		return len(n.items) == 0
	case n.kind == kindTable:
		return len(n.keys) == 0
	}
	return false
}

// raw is the value as JSON. Dates and numbers that JSON does not have are
// refused before, by checkVars.
// The keys of a table keep the order of the file, which a Worker can see.
func (n *node) raw() json.RawMessage { return n.appendJSON(nil) }

func (n *node) appendJSON(b []byte) []byte {
	switch n.kind {
	case kindList:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	case kindTable:
		b = append(b, '{')
		for i, f := range n.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONValue(b, f.name), ':')
			b = f.value.appendJSON(b)
		}
		return append(b, '}')
	}
	return appendJSONValue(b, n.plain())
}

func appendJSONValue(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

func (n *node) plain() any {
	switch n.kind {
	case kindBool:
		return n.boolValue
	case kindInt, kindFloat:
		return json.Number(formatNumber(n.num))
	case kindText, kindDate:
		return n.text
	case kindList:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.plain()
		}
		return out
	case kindTable:
		out := make(map[string]any, len(n.keys))
		for _, f := range n.keys {
			out[f.name] = f.value.plain()
		}
		return out
	}
	return nil
}

func formatNumber(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// found describes a value for "found X, want Y".
func (n *node) found() string {
	switch n.kind {
	case kindNull:
		return "null"
	case kindBool:
		return strconv.FormatBool(n.boolValue)
	case kindInt, kindFloat:
		return "the number " + formatNumber(n.num)
	case kindText:
		return "the string " + quoted(n.text)
	case kindDate:
		return "the date " + n.text
	case kindList:
		return "a list"
	}
	return "a table"
}

// quoted shortens what goes into an error.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > maxQuoted {
		s = string([]rune(s)[:maxQuoted]) + "…"
	}
	return strconv.Quote(s)
}

// lines turns byte offsets into positions.
type lines struct {
	data   []byte
	starts []int
}

func newLines(data []byte) *lines {
	l := &lines{data: data, starts: []int{0}}
	for i, b := range data {
		if b == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

func (l *lines) at(offset int) position {
	offset = min(max(offset, 0), len(l.data))
	line := sort.SearchInts(l.starts, offset+1)
	return position{line, utf8.RuneCount(l.data[l.starts[line-1]:offset]) + 1}
}

// tooDeep counts brackets only, so it may count those in strings; no honest
// file comes near the limit. It keeps the recursive parsers off the stack's end.
func tooDeep(data []byte) error {
	depth := 0
	for _, b := range data {
		switch b {
		case '[', '{':
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d levels of nesting", maxDepth)
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return nil
}
