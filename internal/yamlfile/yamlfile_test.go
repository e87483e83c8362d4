package yamlfile_test

import (
	"strings"
	"testing"

	"flint/internal/yamlfile"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "",
		"name: a\nlist: [b]":       "",
		"nmae: a":                  "line 1: unknown key nmae",
		"nmae: a\nlits: b":         "line 1: unknown key nmae; line 2: unknown key lits",
		"number: many":             "line 1: found the text `many`, want a whole number",
		"name: {a: 1}":             "line 1: found a table, want a text",
		"list: {a: 1}":             "line 1: found a table, want a list",
		"flag: 3":                  "line 1: found the number `3`, want true or false",
		"inner: [1]":               "line 1: found a list, want a table",
		"inner: {b: 1}":            "line 1: unknown key b",
		"name: [":                  "line 1: did not find expected node content",
		"- a":                      "line 1: found a list, want a table",
		"name: a\nname: b":         "line 2: mapping key \"name\" already defined at line 1",
		"a: &a [x,x]\nb: [*a, *c]": "unknown anchor 'c' referenced",
	} {
		var into struct {
			Name   string
			Number int
			Flag   bool
			List   []string
			Inner  struct{ A int }
		}
		got := ""
		if err := yamlfile.Decode([]byte(text), &into); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Nested aliases that expand exponentially fail quickly.
func TestDecodeBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("list:\n- &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := '1'; i <= '9'; i++ {
		alias := "*a" + string(i-1)
		b.WriteString("- &a" + string(i) + " [" + strings.Repeat(alias+",", 8) + alias + "]\n")
	}
	var into struct{ List any }
	if err := yamlfile.Decode([]byte(b.String()), &into); err == nil || !strings.Contains(err.Error(), "excessive aliasing") {
		t.Errorf("got %v", err)
	}
}
