package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const sample = `A sentence about the case.
peer: wrangler

### one: with a title
until 10s POST /path?q=1
Content-Type: text/plain

first line

\### not a heading
---
201 sorted approx 2
X-One: *

{"a": 1}
\---

### two
GET /
`

func TestParseCase(t *testing.T) {
	t.Parallel()
	c, err := ParseCase("kv/x", sample)
	if err != nil {
		t.Fatal(err)
	}
	if c.Peer != PeerWrangler || len(c.Steps) != 2 {
		t.Fatalf("peer %s, %d steps", c.Peer, len(c.Steps))
	}
	s := c.Steps[0]
	if s.ID != "kv/x/one" || s.Title != "with a title" || s.Until != 10*time.Second || s.Method != "POST" || s.Path != "/path?q=1" {
		t.Errorf("step: %+v", s)
	}
	if s.Body != "first line\n\n### not a heading" {
		t.Errorf("body: %q", s.Body)
	}
	if s.Expected.Status != 201 || s.Expected.Body != "{\"a\": 1}\n---" || s.Tolerance != (Tolerance{Sorted: true, Approx: 2}) {
		t.Errorf("answer: %+v %+v", s.Expected, s.Tolerance)
	}
	if c.Steps[1].Expected != nil {
		t.Errorf("a step without --- expects %v", c.Steps[1].Expected)
	}
	if got := c.Format(); got != sample {
		t.Errorf("formatted:\n%s", got)
	}
}

func TestParseCaseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"nothing":                           "no step",
		"peer: nobody\n### a\nGET /":        "want miniflare, wrangler or none",
		"### a\nGET /\n\n### a\nGET /":      "line 4: a second step",
		"### a b\nGET /":                    "holds a space",
		"### a":                             "no request line",
		"### a\nGET":                        "want [until 10s] METHOD /path",
		"### a\nuntil soon GET /":           "invalid duration",
		"### a\nGET /\nno header":           "want Header: value",
		"### a\nGET /\n---":                 "without an expected status",
		"### a\nGET /\n---\nfine":           "want a status",
		"### a\nGET /\n---\n200 roughly":    "tolerance \"roughly\"",
		"### a\nGET /\n---\n200 approx":     "without a number",
		"### a\nGET /\n---\n200 approx two": "want a number above 0",
	} {
		if _, err := ParseCase("kv/x", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestCasesAreFormatted: the step files are as -update writes them.
func TestCasesAreFormatted(t *testing.T) {
	t.Parallel()
	cases, err := LoadCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for _, c := range cases {
		text, err := os.ReadFile(filepath.Join(c.Dir, "steps.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Format() != string(text) {
			t.Errorf("%s/steps.txt is not as -update writes it", c.ID)
		}
		for _, place := range []string{"node_modules", "127.0.0.1", os.TempDir() + "/"} {
			if strings.Contains(string(text), place) {
				t.Errorf("%s/steps.txt holds %s: it holds on one machine only", c.ID, place)
			}
		}
		if wranglerFile(c.Dir) == "" {
			t.Errorf("%s has no Wrangler file", c.ID)
		}
		for _, s := range c.Steps {
			if s.Expected == nil || s.Expected.Status == 0 && s.Expected.Body != closedWithoutAnswer {
				t.Errorf("%s expects nothing: run -update", s.ID)
			}
		}
		steps += len(c.Steps)
	}
	if steps < 150 {
		t.Errorf("%d steps", steps)
	}
}

// TestEveryToleranceIsUsed: there is no tolerance that no step needs.
func TestEveryToleranceIsUsed(t *testing.T) {
	t.Parallel()
	cases, err := LoadCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	used, peers, waits := map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range cases {
		peers[c.Peer]++
		for _, s := range c.Steps {
			name, _, _ := strings.Cut(s.Tolerance.String(), " ")
			used[name]++
			if s.Until > 0 {
				waits[filepath.Dir(c.ID)]++
			}
		}
	}
	for _, name := range []string{"exact", "sorted", "approx", "shape", "status"} {
		if used[name] == 0 {
			t.Errorf("no step has the tolerance %s", name)
		}
	}
	for _, peer := range []string{PeerMiniflare, PeerWrangler, PeerNone} {
		if peers[peer] == 0 {
			t.Errorf("no case has the peer %s", peer)
		}
	}
	for _, service := range []string{"kv", "queues", "cache", "do"} {
		if waits[service] == 0 {
			t.Errorf("no step of %s waits", service)
		}
	}
}
