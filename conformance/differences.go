package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The kinds of accepted differences.
const (
	KindDocumentation = "documentation" // Cloudflare's documentation says what flint does
	KindPeerBug       = "peer-bug"      // the peer has a bug, which the entry describes
	KindNotServed     = "not-served"    // flint answers that it does not serve this yet
)

var kinds = []string{KindDocumentation, KindPeerBug, KindNotServed}

// Difference is a step on which flint does not answer as the peer does.
type Difference struct {
	Step    string `yaml:"step"`
	Kind    string `yaml:"kind,omitempty"`    // of accepted differences
	Because string `yaml:"because,omitempty"` // a sentence
	Source  string `yaml:"source,omitempty"`  // the page or source line that proves it
	Flint   string `yaml:"flint"`             // what flint answers, as a step file writes it
}

// Differences is differences.yaml. It must match exactly: a run fails on an entry whose
// step does not differ as on a difference without an entry.
type Differences struct {
	Accepted  []*Difference `yaml:"accepted"`
	FlintBugs []*Difference `yaml:"flint-bugs"` // to be fixed; a run with such entries fails
}

const differencesHead = `# Where flint answers otherwise than the peer. The run fails when a step differs and is
# not here, when it is here and no longer differs, and when flint's answer is another
# than the one here. "make conformance UPDATE=1" rewrites the answers; kind (documentation,
# peer-bug or not-served), because and source are written by hand. What stands under
# flint-bugs is not accepted: the run fails until it is mended.
`

// LoadDifferences reads the file. A missing file is like an empty one.
func LoadDifferences(path string) (*Differences, error) {
	d := &Differences{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, d.validate(path)
}

func (d *Differences) validate(path string) error {
	seen := map[string]bool{}
	for _, e := range slices.Concat(d.Accepted, d.FlintBugs) {
		if seen[e.Step] {
			return fmt.Errorf("%s: %s stands there twice", path, e.Step)
		}
		seen[e.Step] = true
		if _, err := e.answer(); err != nil {
			return fmt.Errorf("%s: %s: %w", path, e.Step, err)
		}
	}
	for _, e := range d.Accepted {
		if !slices.Contains(kinds, e.Kind) || e.Because == "" || e.Source == "" {
			return fmt.Errorf("%s: %s: an accepted difference has a kind (%s), a because and a source",
				path, e.Step, strings.Join(kinds, ", "))
		}
	}
	return nil
}

// answer parses flint's recorded answer.
func (e *Difference) answer() (*Answer, error) {
	var s Step
	if err := s.parseAnswer(strings.Split(strings.TrimRight(e.Flint, "\n"), "\n")); err != nil {
		return nil, err
	}
	return s.Expected, nil
}

// Find returns the entry of a step, or nil, and whether it is accepted.
func (d *Differences) Find(step string) (e *Difference, accepted bool) {
	for _, e := range d.Accepted {
		if e.Step == step {
			return e, true
		}
	}
	for _, e := range d.FlintBugs {
		if e.Step == step {
			return e, false
		}
	}
	return nil, false
}

// knownAnswer returns flint's recorded answer to a step; nil when it has no entry.
func (d *Differences) knownAnswer(step string) (*Answer, error) {
	e, _ := d.Find(step)
	if e == nil {
		return nil, nil
	}
	return e.answer()
}

// Update records the result of a run: the IDs of the steps that ran, and flint's answers
// to those that differ. A new difference becomes a bug of flint until somebody accepts
// it.
func (d *Differences) Update(ran []string, differing map[string]*Answer) {
	for _, list := range []*[]*Difference{&d.Accepted, &d.FlintBugs} {
		*list = slices.DeleteFunc(*list, func(e *Difference) bool {
			a, still := differing[e.Step]
			if still {
				e.Flint = a.String() + "\n"
			}
			return !still && slices.Contains(ran, e.Step)
		})
	}
	for _, step := range ran {
		if a, ok := differing[step]; ok {
			if e, _ := d.Find(step); e == nil {
				d.FlintBugs = append(d.FlintBugs, &Difference{Step: step, Flint: a.String() + "\n"})
			}
		}
	}
	for _, list := range [][]*Difference{d.Accepted, d.FlintBugs} {
		sort.Slice(list, func(i, j int) bool { return list[i].Step < list[j].Step })
	}
}

// Save writes the file.
func (d *Differences) Save(path string) error {
	var b bytes.Buffer
	b.WriteString(differencesHead)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(d); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
