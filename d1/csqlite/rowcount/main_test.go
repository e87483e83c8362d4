package main

import (
	"strings"
	"testing"
)

// sample is what the edits look for, in little.
func sample() string {
	var b strings.Builder
	for _, e := range edits {
		b.WriteString(e.within + " ... " + e.after + " ...\n")
	}
	return b.String()
}

func TestCount(t *testing.T) {
	t.Parallel()
	out, err := count(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		if !strings.Contains(out, e.after+"\n"+e.add) {
			t.Errorf("%q is not behind %q", e.add, e.after)
		}
	}
}

// A SQLite that looks different is an error that names the place, not a build
// that counts too little.
func TestCountRefusesAnotherSQLite(t *testing.T) {
	t.Parallel()
	for _, e := range edits {
		far := e.within + strings.Repeat(" ", reach)
		for what, text := range map[string]string{
			"is missing":      strings.Replace(sample(), e.within, "", 1),
			"is there twice":  sample() + e.within,
			"does not follow": strings.Replace(sample(), e.within, far, 1),
		} {
			if _, err := count(text); err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("%q, where it %s: %v", e.within, what, err)
			}
		}
	}
}
