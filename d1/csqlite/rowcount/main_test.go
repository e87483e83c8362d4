package main

import (
	"slices"
	"strings"
	"testing"
)

var allEdits = slices.Concat(edits, limitEdits)

// sample is what the edits look for, in little.
func sample() string {
	var b strings.Builder
	for _, e := range allEdits {
		b.WriteString(e.within + " ... " + e.after + " ...\n")
	}
	return b.String()
}

func TestApply(t *testing.T) {
	t.Parallel()
	out, err := apply(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range allEdits {
		if !strings.Contains(out, e.after+"\n"+e.add) {
			t.Errorf("%q is not behind %q", e.add, e.after)
		}
	}
}

// A SQLite that looks different is an error that names the place, not a build
// that counts too little.
func TestApplyRefusesAnotherSQLite(t *testing.T) {
	t.Parallel()
	for _, e := range allEdits {
		far := e.within + strings.Repeat(" ", reach)
		for what, text := range map[string]string{
			"is missing":      strings.Replace(sample(), e.within, "", 1),
			"is there twice":  sample() + e.within,
			"does not follow": strings.Replace(sample(), e.within, far, 1),
		} {
			if _, err := apply(text); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%q, where it %s: %v", e.within, what, err)
			}
		}
	}
}
