package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// spec says what a value may be. A union (a route is a string or a table) is a
// spec with several kinds.
type spec struct {
	kinds  []kind // none: anything
	item   *spec  // what a list holds
	fields map[string]*spec
	open   bool     // a table of names that the person chooses: each value is an item
	need   []string // keys that a table must have
	oneOf  []string // the strings that are allowed
}

var (
	anything = &spec{}
	text     = &spec{kinds: []kind{kindText}}
	number   = &spec{kinds: []kind{kindInt, kindFloat}}
	integer  = &spec{kinds: []kind{kindInt}}
	boolean  = &spec{kinds: []kind{kindBool}}
	texts    = listOf(text)
)

func oneOf(values ...string) *spec { return &spec{kinds: text.kinds, oneOf: values} }
func listOf(item *spec) *spec      { return &spec{kinds: []kind{kindList}, item: item} }
func mapOf(item *spec) *spec       { return &spec{kinds: []kind{kindTable}, item: item, open: true} }

func table(fields map[string]*spec, need ...string) *spec {
	return &spec{kinds: []kind{kindTable}, fields: fields, need: need}
}

// either merges two specs of different kinds.
func either(a, b *spec) *spec {
	s := *a
	s.kinds = append(slices.Clone(a.kinds), b.kinds...)
	if b.item != nil {
		s.item = b.item
	}
	if b.fields != nil {
		s.fields, s.need, s.open = b.fields, b.need, b.open
	}
	return &s
}

// check reports every value of the wrong type (an error) and every key that
// nobody knows (a warning).
func (r *report) check(key string, n *node, s *spec) {
	if n.kind == kindNull || len(s.kinds) == 0 {
		return
	}
	if !slices.Contains(s.kinds, n.kind) {
		r.errorf(n.pos, key, "found %s, want %s%s", n.found(), s.want(), hint(n, s))
		return
	}
	switch n.kind {
	case kindText:
		if len(s.oneOf) > 0 && !slices.Contains(s.oneOf, n.text) {
			r.errorf(n.pos, key, "found %s, want %s", n.found(), s.want())
		}
	case kindList:
		for i, item := range n.items {
			at := fmt.Sprintf("%s[%d]", key, i)
			if item.kind == kindNull {
				r.errorf(item.pos, at, "found null, want %s", s.item.want())
				continue
			}
			r.check(at, item, s.item)
		}
	case kindTable:
		r.checkTable(key, n, s)
	}
}

func (r *report) checkTable(key string, n *node, s *spec) {
	for _, f := range n.keys {
		fs := s.fields[f.name]
		if s.open {
			fs = s.item
		}
		if fs == nil {
			r.warnf(f.pos, dotted(key, f.name), "unknown key, ignored%s", didYouMean(f.name, names(s.fields)))
			continue
		}
		r.check(dotted(key, f.name), f.value, fs)
	}
	for _, name := range s.need {
		if n.get(name) == nil {
			r.errorf(n.pos, key, "%q is missing", name)
		}
	}
}

func dotted(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

func names(fields map[string]*spec) []string {
	out := make([]string, 0, len(fields))
	for name := range fields {
		out = append(out, name)
	}
	return out
}

// want is "a string", "one of "a" or "b"", "a list of tables" …
func (s *spec) want() string {
	var parts []string
	for _, k := range s.kinds {
		parts = append(parts, s.wantKind(k))
	}
	parts = slices.Compact(parts) // a number is of two kinds
	return strings.Join(parts, " or ")
}

func (s *spec) wantKind(k kind) string {
	switch k {
	case kindBool:
		return "true or false"
	case kindInt:
		if !slices.Contains(s.kinds, kindFloat) {
			return "a whole number"
		}
		return "a number"
	case kindFloat:
		return "a number"
	case kindText:
		if len(s.oneOf) > 0 {
			return choices(s.oneOf)
		}
		return "a string"
	case kindList:
		return "a list" + s.wantItems()
	}
	if len(s.need) > 0 {
		return "a table with " + quotedList(s.need, " and ")
	}
	return "a table"
}

func (s *spec) wantItems() string {
	if s.item == nil || len(s.item.kinds) == 0 {
		return ""
	}
	switch s.item.kinds[0] {
	case kindText:
		return " of strings"
	case kindTable:
		return " of tables"
	}
	return ""
}

func choices(values []string) string { return quotedList(values, " or ") }

// quotedList is "a", "b" and "c".
func quotedList(values []string, last string) string {
	out := ""
	for i, v := range values {
		switch {
		case i == 0:
		case i == len(values)-1:
			out += last
		default:
			out += ", "
		}
		out += strconv.Quote(v)
	}
	return out
}

// hint mends the two slips that are made most.
func hint(n *node, s *spec) string {
	switch {
	case n.kind == kindDate && slices.Contains(s.kinds, kindText):
		return fmt.Sprintf("; put quotes round it: %q", n.text)
	case n.kind == kindTable && slices.Contains(s.kinds, kindList):
		return "; write [[…]] in TOML or [{…}] in JSON"
	}
	return ""
}
