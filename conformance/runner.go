package conformance

import (
	"context"
	"fmt"
	"slices"
)

// Outcome holds the answers of both sides to one step.
type Outcome struct {
	Step        *Step
	Flint, Peer *Answer // Peer is nil in a case without a peer
}

// Run runs the steps of c in order, each on both sides at once. peerURL is empty in a
// case without a peer. d holds the known differences, for which "until" also ends.
func Run(ctx context.Context, c *Case, d *Differences, flintURL, peerURL string) ([]Outcome, error) {
	flint := newClient(flintURL)
	defer flint.close()
	peer := newClient(peerURL)
	defer peer.close()
	var out []Outcome
	for _, s := range c.Steps {
		o := Outcome{Step: s}
		failed := make(chan error, 1)
		go func() {
			var err error
			if peerURL != "" {
				if o.Peer, err = peer.run(ctx, s, nil); err != nil {
					err = fmt.Errorf("%s: the peer: %w", s.ID, err)
				}
			}
			failed <- err
		}()
		known, err := d.knownAnswer(s.ID)
		if err != nil {
			return out, err
		}
		if o.Flint, err = flint.run(ctx, s, known); err != nil {
			o.Flint = &Answer{Body: "no answer: " + err.Error()}
		}
		if err := <-failed; err != nil {
			return out, err
		}
		out = append(out, o)
	}
	return out, nil
}

// Judge compares one outcome with the expected answer and with the list of differences.
// It returns what is wrong, and whether flint differs.
func Judge(o Outcome, d *Differences) (problems []string, differs bool) {
	s := o.Step
	if o.Peer != nil {
		if text := s.Differ(s.Expected, o.Peer); text != "" {
			problems = append(problems, "the peer does not answer as written (-update rewrites it):\n"+text)
		}
	}
	text := s.Differ(s.Expected, o.Flint)
	if text == "" && o.Peer != nil && s.Expected != nil {
		text = s.Differ(s.maskAnyValues(o.Peer), o.Flint)
	}
	entry, accepted := d.Find(s.ID)
	switch {
	case text == "" && entry != nil:
		problems = append(problems, "flint now answers as the peer does: take the step out of differences.yaml")
	case text != "" && entry == nil:
		problems = append(problems, "flint differs:\n"+text)
	case text != "":
		was, err := entry.answer()
		if err != nil {
			problems = append(problems, err.Error())
		} else if changed := s.Differ(was, o.Flint); changed != "" {
			problems = append(problems, "flint differs in another way than differences.yaml says:\n"+changed)
		}
		if !accepted {
			problems = append(problems, "a known bug of flint, not mended yet:\n"+text)
		}
	}
	return problems, text != ""
}

// Adopt makes the peer's answer the expected one unless it matches already. In a case
// without a peer it takes flint's.
func (s *Step) Adopt(o Outcome) {
	source := o.Peer
	if source == nil {
		source = o.Flint
	}
	if s.Expected == nil {
		s.Expected = &Answer{}
	} else if s.Differ(s.Expected, source) == "" {
		return
	}
	a := s.maskAnyValues(source)
	if s.Tolerance.Status {
		a.Body = ""
	}
	s.Expected = a
}

// maskAnyValues returns the peer's answer with "*" for the headers of which the step
// allows any value.
func (s *Step) maskAnyValues(peer *Answer) *Answer {
	a := *peer
	a.Header = slices.Clone(peer.Header)
	for i := range a.Header {
		if headerValue(s.Expected.Header, a.Header[i].Name) == "*" {
			a.Header[i].Value = "*"
		}
	}
	return &a
}
