package conformance

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const compatFile = "../docs/COMPAT.md"

// TestCompatIsCurrent fails when docs/COMPAT.md is not what the cases generate.
func TestCompatIsCurrent(t *testing.T) {
	if *update {
		writeCompat(t)
	}
	want, problems, err := Compat(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	got, err := os.ReadFile(compatFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/COMPAT.md is out of date: go test ./conformance -run TestCompat -update writes it")
	}
}

func writeCompat(t *testing.T) {
	text, _, err := Compat(".") // TestCompatIsCurrent reports the problems
	if err == nil {
		err = os.WriteFile(compatFile, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckCompat(t *testing.T) {
	t.Parallel()
	cases := []*Case{
		{ID: "kv/a", Peer: PeerMiniflare, Steps: []*Step{{ID: "kv/a/same"}, {ID: "kv/a/unserved"}, {ID: "kv/a/better"}}},
		{ID: "ai/b", Peer: PeerNone, Steps: []*Step{{ID: "ai/b/run"}}},
	}
	d := &Differences{Accepted: []*Difference{{Step: "kv/a/unserved", Kind: KindNotServed}, {Step: "kv/a/better", Kind: KindDocumentation}}}
	for line, want := range map[string]string{
		"get | both | kv/a/same":      "",
		"get | both | kv/a/better":    "",
		"get | both | kv/a/unserved":  "does not show that both serve it",
		"get | both | ai/b/run":       "does not show that both serve it",
		"get | flint | ai/b/run":      "",
		"get | flint | kv/a/better":   "",
		"get | flint | kv/a/same":     "does not show that only flint serves it",
		"get | peer | kv/a/unserved":  "",
		"get | peer | kv/a/same":      "does not show that flint does not serve it",
		"get | both | kv/a/missing":   "there is no step kv/a/missing",
		"get | both | | a note alone": "no step proves it",
		"get | none | | a note alone": "",
	} {
		list, err := ParseCompat("## KV page\n" + line)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(CheckCompat(list, cases, d), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestParseCompatErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x | both | a/b/c", "## KV page\nx | both", "## KV page\nx | maybe | a/b/c", "## KV page\nx | both | ", "## KV"} {
		if _, err := ParseCompat(text); err == nil || !strings.HasPrefix(err.Error(), "compat.txt:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEveryServiceIsListed: compat.txt names a step of every case.
func TestEveryServiceIsListed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("compat.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := LoadCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if !slices.ContainsFunc(c.Steps, func(s *Step) bool { return strings.Contains(string(text), s.ID) }) {
			t.Errorf("compat.txt names no step of %s", c.ID)
		}
	}
}

// TestEveryMemberIsListed: every member of the runtime's objects, as the surface steps
// list them, is in a row of the binding's section.
func TestEveryMemberIsListed(t *testing.T) {
	t.Parallel()
	sections, steps := compatWordsAndSteps(t)
	for id, section := range map[string]string{
		"bindings/surface/kv": "Workers KV", "bindings/surface/d1": "D1", "bindings/surface/r2": "R2",
		"bindings/surface/queues": "Queues", "bindings/surface/queues-consumer": "Queues", "bindings/surface/durable-objects": "Durable Objects",
		"bindings/surface/cache": "Cache", "bindings/surface/services": "The Wrangler file", "bindings/surface/context": "Context and events",
		"ai/inputs/surface": "Workers AI",
	} {
		s := steps[id]
		if s == nil {
			t.Errorf("there is no step %s", id)
			continue
		}
		var objects map[string][]string
		if err := json.Unmarshal([]byte(s.Expected.Body), &objects); err != nil || len(objects) == 0 {
			t.Errorf("%s: %v", id, err)
		}
		for object, names := range objects {
			for _, name := range names {
				if !sections[section][name] {
					t.Errorf("compat.txt: %s: no row names %s of %s", section, name, object)
				}
			}
		}
	}
}

// TestEveryUnservedKeyIsListed: every key of a Wrangler file that flint does not serve,
// and names in a warning, is in a row.
func TestEveryUnservedKeyIsListed(t *testing.T) {
	t.Parallel()
	sections, _ := compatWordsAndSteps(t)
	text, err := os.ReadFile("../config/keys.go")
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`(?m)^\t"(\w+)": +\{.*, no\},$`).FindAllStringSubmatch(string(text), -1)
	if len(keys) < 30 {
		t.Fatalf("%d keys that are not served: the pattern does not find them", len(keys))
	}
	for _, k := range keys {
		if !slices.ContainsFunc([]string{"The Wrangler file", "Other bindings", "Context and events"}, func(s string) bool { return sections[s][k[1]] }) {
			t.Errorf("compat.txt: no row names the key %s", k[1])
		}
	}
}

// compatWordsAndSteps returns the words of compat.txt by section, and the steps by ID.
func compatWordsAndSteps(t *testing.T) (words map[string]map[string]bool, steps map[string]*Step) {
	t.Helper()
	text, err := os.ReadFile("compat.txt")
	if err != nil {
		t.Fatal(err)
	}
	list, err := ParseCompat(string(text))
	if err != nil {
		t.Fatal(err)
	}
	words = map[string]map[string]bool{}
	for _, b := range list {
		words[b.Name] = map[string]bool{}
		for _, it := range b.Items {
			for _, w := range strings.FieldsFunc(it.Name+" "+it.Note, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				words[b.Name][w] = true
			}
		}
	}
	cases, err := LoadCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	steps = map[string]*Step{}
	for _, c := range cases {
		for _, s := range c.Steps {
			steps[s.ID] = s
		}
	}
	return words, steps
}
