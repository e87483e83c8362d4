package conformance

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flint/internal/testkit"
)

func acceptedEntry(step, flint string) *Difference {
	return &Difference{Step: step, Kind: KindDocumentation, Because: "so it is written", Source: "a page", Flint: flint}
}

// TestJudge: a difference must be listed, and a listed step must differ.
func TestJudge(t *testing.T) {
	t.Parallel()
	step := &Step{ID: "kv/x/one", Expected: &Answer{Status: 200, Body: "peer"}}
	peer, other := &Answer{Status: 200, Body: "peer"}, &Answer{Status: 500, Body: "flint"}
	accepted := &Differences{Accepted: []*Difference{acceptedEntry("kv/x/one", "500\n\nflint\n")}}
	bug := &Differences{FlintBugs: []*Difference{acceptedEntry("kv/x/one", "500\n\nflint\n")}}
	for name, c := range map[string]struct {
		flint, peer *Answer
		d           *Differences
		problems    []string
		differs     bool
	}{
		"agree":                    {peer, peer, &Differences{}, nil, false},
		"difference not listed":    {other, peer, &Differences{}, []string{"flint differs"}, true},
		"accepted":                 {other, peer, accepted, nil, true},
		"accepted, another answer": {&Answer{Status: 501}, peer, accepted, []string{"in another way"}, true},
		"unexpected pass":          {peer, peer, accepted, []string{"take the step out"}, false},
		"a bug that is mended":     {peer, peer, bug, []string{"take the step out"}, false},
		"a bug":                    {other, peer, bug, []string{"not mended yet"}, true},
		"the peer changed":         {peer, other, &Differences{}, []string{"the peer does not answer as written", "flint differs"}, true},
		"no peer":                  {peer, nil, &Differences{}, nil, false},
	} {
		problems, differs := Judge(Outcome{step, c.flint, c.peer}, c.d)
		same := slices.EqualFunc(problems, c.problems, strings.Contains)
		if !same || differs != c.differs {
			t.Errorf("%s: %q %v, want %q %v", name, problems, differs, c.problems, c.differs)
		}
	}
}

func TestJudgeAnyHeader(t *testing.T) {
	t.Parallel()
	with := func(v string) *Answer { return &Answer{Status: 200, Header: []Field{{"Etag", v}}} }
	problems, _ := Judge(Outcome{&Step{ID: "a", Expected: with("*")}, with("one"), with("two")}, &Differences{})
	if problems != nil {
		t.Error(problems)
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	s := &Step{Expected: &Answer{Status: 200, Header: []Field{{"Etag", "*"}, {"X", "old"}}}, Tolerance: Tolerance{Status: true}}
	s.Adopt(Outcome{Step: s, Peer: &Answer{Status: 201, Header: []Field{{"Etag", "e"}, {"X", "new"}}, Body: "long"}})
	if got := s.Expected.String(); got != "201\nEtag: *\nX: new" {
		t.Errorf("%q", got)
	}
}

func TestDifferencesUpdate(t *testing.T) {
	t.Parallel()
	d := &Differences{Accepted: []*Difference{acceptedEntry("b", "1"), acceptedEntry("gone", "1"), acceptedEntry("not-run", "1")}}
	d.Update([]string{"new", "b", "gone"}, map[string]*Answer{"new": {Status: 500}, "b": {Status: 404, Body: "x"}})
	path := filepath.Join(t.TempDir(), "d.yaml")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := LoadDifferences(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Accepted) != 2 || read.Accepted[0].Step != "b" || read.Accepted[0].Flint != "404\n\nx\n" || read.Accepted[1].Step != "not-run" {
		t.Errorf("accepted: %+v", read.Accepted)
	}
	if len(read.FlintBugs) != 1 || read.FlintBugs[0].Step != "new" {
		t.Errorf("bugs: %+v", read.FlintBugs)
	}
}

func TestDifferencesRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"accepted: [{step: a, flint: '200', kind: documentation}]":            "a because and a source",
		"accepted: [{step: a, flint: '200', kind: x, because: b, source: c}]": "an accepted difference has a kind",
		"flint-bugs: [{step: a, flint: '200'}, {step: a, flint: '200'}]":      "stands there twice",
		"flint-bugs: [{step: a, flint: 'no status'}]":                         "want a status",
		"other: []": "field other not found",
	} {
		path := filepath.Join(t.TempDir(), "d.yaml")
		testkit.WriteFile(t, path, text)
		if _, err := LoadDifferences(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
