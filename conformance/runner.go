package conformance

import (
	"context"
	"fmt"
	"slices"
)

// Outcome is one step on both sides.
type Outcome struct {
	Step        *Step
	Flint, Peer *Answer // Peer is nil in a case without a peer
}

// Run asks both sides step by step. peerURL is empty in a case without a peer.
// d tells what flint is known to answer otherwise.
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
				if o.Peer, err = peer.ask(ctx, s, nil); err != nil {
					err = fmt.Errorf("%s: the peer: %w", s.ID, err)
				}
			}
			failed <- err
		}()
		known, err := d.known(s.ID)
		if err != nil {
			return out, err
		}
		if o.Flint, err = flint.ask(ctx, s, known); err != nil {
			o.Flint = &Answer{Body: "no answer: " + err.Error()}
		}
		if err := <-failed; err != nil {
			return out, err
		}
		out = append(out, o)
	}
	return out, nil
}

// Judge compares one outcome with what is written and with the list of
// differences. It returns what is wrong, and whether flint differs.
func Judge(o Outcome, d *Differences) (problems []string, differs bool) {
	s := o.Step
	if o.Peer != nil {
		if text := s.Differ(s.Expected, o.Peer); text != "" {
			problems = append(problems, "the peer does not answer as written (-update rewrites it):\n"+text)
		}
	}
	text := s.Differ(s.Expected, o.Flint)
	if text == "" && o.Peer != nil && s.Expected != nil {
		text = s.Differ(s.masked(o.Peer), o.Flint)
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

// Adopt makes the peer's answer the expected one, unless it is as expected
// already. In a case without a peer it is flint's.
func (s *Step) Adopt(o Outcome) {
	from := o.Peer
	if from == nil {
		from = o.Flint
	}
	if s.Expected == nil {
		s.Expected = &Answer{}
	} else if s.Differ(s.Expected, from) == "" {
		return
	}
	a := s.masked(from)
	if s.Tolerance.Status {
		a.Body = ""
	}
	s.Expected = a
}

// masked is the peer's answer with "*" where the step allows any value.
func (s *Step) masked(peer *Answer) *Answer {
	a := *peer
	a.Header = slices.Clone(peer.Header)
	for i := range a.Header {
		if valueOf(s.Expected.Header, a.Header[i].Name) == "*" {
			a.Header[i].Value = "*"
		}
	}
	return &a
}
