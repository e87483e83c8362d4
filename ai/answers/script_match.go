package answers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flint/ai/inference"
	"flint/internal/wildcard"
)

// Asked is a call as scripts see it, whatever its task.
type Asked struct {
	Model  string
	Task   string
	User   string // the last user message, or what the task calls its prompt or text
	System string
	Turns  []inference.Turn
	Tools  []string // names of the tools that are offered
}

// check is one condition of a script. want is for people: it says what the
// call should have been like.
type check struct {
	want string
	ok   func(*Asked) bool
}

func (m *scriptMatch) compile() ([]check, error) {
	var out []check
	add := func(want string, ok func(*Asked) bool) { out = append(out, check{want, ok}) }
	if m.Model != "" {
		add("the model "+m.Model, func(q *Asked) bool { return wildcard.Match(m.Model, q.Model) })
	}
	if m.Task != "" {
		add("the task "+m.Task, func(q *Asked) bool { return strings.EqualFold(m.Task, q.Task) })
	}
	if m.Prompt != "" {
		add(fmt.Sprintf("the prompt %q", m.Prompt), holds(m.Prompt, func(q *Asked) string { return q.User }))
	}
	if m.Pattern != "" {
		re, err := regexp.Compile(m.Pattern)
		if err != nil {
			return nil, err
		}
		add("the pattern "+m.Pattern, func(q *Asked) bool { return re.MatchString(q.User) })
	}
	if m.System != "" {
		add(fmt.Sprintf("the system message %q", m.System), holds(m.System, func(q *Asked) string { return q.System }))
	}
	if m.Messages != nil {
		add("the messages "+describeMessages(m.Messages), func(q *Asked) bool { return conversation(m.Messages, q.Turns) })
	}
	for _, name := range m.Tools {
		add("the tool "+name, func(q *Asked) bool { return slices.Contains(q.Tools, name) })
	}
	return out, nil
}

// holds looks for a text, its case ignored.
func holds(text string, in func(*Asked) string) func(*Asked) bool {
	lower := strings.ToLower(text)
	return func(q *Asked) bool { return strings.Contains(strings.ToLower(in(q)), lower) }
}

func describeMessages(messages []scriptMessage) string {
	parts := make([]string, len(messages))
	for i, m := range messages {
		parts[i] = strings.TrimSpace(fmt.Sprintf("%s %q", m.Role, m.Content))
	}
	return strings.Join(parts, ", ")
}

// conversation reports whether all messages occur in turns, in their order.
func conversation(messages []scriptMessage, turns []inference.Turn) bool {
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

func (s *script) matches(q *Asked) bool {
	for i := range s.checks {
		if !s.checks[i].ok(q) {
			return false
		}
	}
	return true
}

// misses are the conditions that q does not meet.
func (s *script) misses(q *Asked) []string {
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
func nearestScript(scripts []*script, q *Asked) (best *script, misses []string) {
	bestScore := 0.0
	for _, s := range scripts {
		missed := s.misses(q)
		score := alike(strings.Join(missed, " "), q.User) - float64(len(missed))
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
	all := inference.TokensOf(b[max(0, len(b)-inference.MaxRead):])
	for _, w := range all {
		have[w] = true
	}
	words := inference.TokensOf(a)
	shared := 0.0
	for _, w := range words {
		if have[w] {
			shared++
		} else if slices.ContainsFunc(all[max(0, len(all)-inference.MaxMistyped):], func(v string) bool { return mistyped(v, w) }) {
			shared += 0.5
		}
	}
	return shared / float64(len(words)+1)
}

// mistyped reports whether two words differ by a letter or two.
func mistyped(a, b string) bool {
	return len(a) > 3 && len(a) < 30 && len(b) > 3 && a[0] == b[0] && max(len(a)-len(b), len(b)-len(a)) <= 2 && inference.Distance(a, b) <= 1+len(a)/6
}

// AskedOf is the request as scripts see it.
func AskedOf(r *inference.TextRequest) *Asked {
	q := &Asked{Model: r.Model, Task: inference.TaskText, User: r.Last("user"), System: r.Last("system"), Turns: r.Turns}
	for _, t := range r.Tools {
		q.Tools = append(q.Tools, t.Name)
	}
	return q
}
