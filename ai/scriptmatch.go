package ai

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flint/internal/wildcard"
)

// asked is a call as scripts see it, whatever its task.
type asked struct {
	model  string
	task   string
	user   string // the last user message, or what the task calls its prompt or text
	system string
	turns  []turn
	tools  []string // names of the tools that are offered
}

// check is one condition of a script. want is for people: it says what the
// call should have been like.
type check struct {
	want string
	ok   func(*asked) bool
}

func (m *scriptMatch) compile() ([]check, error) {
	var out []check
	add := func(want string, ok func(*asked) bool) { out = append(out, check{want, ok}) }
	if m.Model != "" {
		add("the model "+m.Model, func(q *asked) bool { return wildcard.Match(m.Model, q.model) })
	}
	if m.Task != "" {
		add("the task "+m.Task, func(q *asked) bool { return strings.EqualFold(m.Task, q.task) })
	}
	if m.Prompt != "" {
		add(fmt.Sprintf("the prompt %q", m.Prompt), holds(m.Prompt, func(q *asked) string { return q.user }))
	}
	if m.Pattern != "" {
		re, err := regexp.Compile(m.Pattern)
		if err != nil {
			return nil, err
		}
		add("the pattern "+m.Pattern, func(q *asked) bool { return re.MatchString(q.user) })
	}
	if m.System != "" {
		add(fmt.Sprintf("the system message %q", m.System), holds(m.System, func(q *asked) string { return q.system }))
	}
	if m.Messages != nil {
		add("the messages "+describeMessages(m.Messages), func(q *asked) bool { return conversation(m.Messages, q.turns) })
	}
	for _, name := range m.Tools {
		add("the tool "+name, func(q *asked) bool { return slices.Contains(q.tools, name) })
	}
	return out, nil
}

// holds looks for a text, its case ignored.
func holds(text string, in func(*asked) string) func(*asked) bool {
	lower := strings.ToLower(text)
	return func(q *asked) bool { return strings.Contains(strings.ToLower(in(q)), lower) }
}

func describeMessages(messages []scriptMessage) string {
	parts := make([]string, len(messages))
	for i, m := range messages {
		parts[i] = strings.TrimSpace(fmt.Sprintf("%s %q", m.Role, m.Content))
	}
	return strings.Join(parts, ", ")
}

// conversation reports whether all messages occur in turns, in their order.
func conversation(messages []scriptMessage, turns []turn) bool {
	for _, t := range turns {
		if len(messages) == 0 {
			return true
		}
		m := messages[0]
		if (m.Role == "" || m.Role == t.Role) && strings.Contains(strings.ToLower(t.Content), strings.ToLower(m.Content)) {
			messages = messages[1:]
		}
	}
	return len(messages) == 0
}

func (s *script) matches(q *asked) bool {
	for i := range s.checks {
		if !s.checks[i].ok(q) {
			return false
		}
	}
	return true
}

// misses are the conditions that q does not meet.
func (s *script) misses(q *asked) []string {
	var out []string
	for i := range s.checks {
		if !s.checks[i].ok(q) {
			out = append(out, s.checks[i].want)
		}
	}
	return out
}

// nearestScript is the script that q misses by the least: the fewest conditions
// and, among those, the words that are most alike.
func nearestScript(scripts []*script, q *asked) (best *script, misses []string) {
	bestScore := 0.0
	for _, s := range scripts {
		missed := s.misses(q)
		score := alike(strings.Join(missed, " "), q.user) - float64(len(missed))
		if len(missed) == 0 {
			missed = []string{fmt.Sprintf("call %d (this was call %d)", s.call, s.seen.Load())}
		}
		if best == nil || score > bestScore {
			best, misses, bestScore = s, missed, score
		}
	}
	return best, misses
}

// alike is the share of a's words that are words of b, below 1; a word of its
// end that is nearly the same counts half.
func alike(a, b string) float64 {
	have := map[string]bool{}
	all := tokensOf(b[max(0, len(b)-maxRead):])
	for _, w := range all {
		have[w] = true
	}
	words := tokensOf(a)
	shared := 0.0
	for _, w := range words {
		if have[w] {
			shared++
		} else if slices.ContainsFunc(all[max(0, len(all)-maxMistyped):], func(v string) bool { return mistyped(v, w) }) {
			shared += 0.5
		}
	}
	return shared / float64(len(words)+1)
}

// mistyped reports whether two words differ by a letter or two.
func mistyped(a, b string) bool {
	return len(a) > 3 && len(a) < 30 && len(b) > 3 && a[0] == b[0] && max(len(a)-len(b), len(b)-len(a)) <= 2 && distance(a, b) <= 1+len(a)/6
}
