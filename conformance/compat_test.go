package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const compatFile = "../docs/COMPAT.md"

// TestCompatIsCurrent fails when docs/COMPAT.md is not what the cases say.
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
	text, _, err := Compat(".") // what is wrong with it TestCompatIsCurrent says
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

// TestEveryServiceIsListed: a service with cases is in compat.txt.
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
