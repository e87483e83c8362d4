package config

import (
	"strings"
	"testing"
)

func TestNodeCompat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		date, flags string
		node        bool
		runtime     string
	}{
		{"2025-01-01", "", false, ""},
		{"2025-01-01", "nodejs_compat", true, "nodejs_compat"},
		{"2024-01-01", "nodejs_compat_v2 x x", true, "nodejs_compat_v2 x"},
		{"2026-08-03", "nodejs_compat", true, "nodejs_compat"},
		{"2026-08-04", "", true, ""},
		{"2026-08-04", "nodejs_compat a nodejs_compat_v2", true, "a"},
		{"2026-08-04", "no_nodejs_compat", false, "no_nodejs_compat"},
		{"2026-08-04", "nodejs_compat no_nodejs_compat", true, "nodejs_compat no_nodejs_compat"},
	} {
		w := Worker{CompatibilityDate: c.date, CompatibilityFlags: strings.Fields(c.flags)}
		if got := strings.Join(w.RuntimeFlags(), " "); got != c.runtime || w.NodeCompat() != c.node {
			t.Errorf("%s %q: got %q, %t", c.date, c.flags, got, w.NodeCompat())
		}
	}
}

func TestD1ByRPC(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]bool{"": false, "experimental": false, "nodejs_compat d1_binding_jsrpc": true} {
		w := Worker{CompatibilityDate: "2026-11-17", CompatibilityFlags: strings.Fields(flags)}
		if w.D1ByRPC() != want {
			t.Errorf("%q: want %t", flags, want)
		}
	}
}
