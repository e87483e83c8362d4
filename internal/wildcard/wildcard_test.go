package wildcard_test

import (
	"testing"

	"flint/internal/wildcard"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		glob, name string
		want       bool
	}{
		{"", "x", false}, {"", "", true}, {"*", "", true}, {"x", "x", true}, {"x", "xy", false}, {"@cf/*", "@cf/a/b", true}, {"*llama*", "@cf/meta/llama-2", true},
		{"*-2", "@cf/meta/llama-2", true}, {"*-3", "@cf/meta/llama-2", false}, {"a*b*c", "aXbYc", true}, {"a*b*c", "aXcYb", false}, {"ab*b", "ab", false},
	} {
		if got := wildcard.Match(c.glob, c.name); got != c.want {
			t.Errorf("%q %q: %v", c.glob, c.name, got)
		}
	}
}
