package answers

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"flint/ai/inference"
	"flint/internal/wildcard"
)

// Query is a call reduced to what scripts match on, whatever its task.
type Query struct {
	Model  string
	Task   string
	User   string // the last user message, or what the task calls its prompt or text
	System string
	Turns  []inference.Turn
	Tools  []string // names of the tools that are offered
}

// check is one condition of a script.
type check struct {
	description string
	isMet       func(*Query) bool
}

func (m *scriptMatch) compile() ([]check, error) {
	var out []check
	add := func(want string, ok func(*Query) bool) { out = append(out, check{want, ok}) }
	if m.Model != "" {
		add("the model "+m.Model, func(q *Query) bool { return wildcard.Match(m.Model, q.Model) })
	}
	if m.Task != "" {
		add("the task "+m.Task, func(q *Query) bool { return strings.EqualFold(m.Task, q.Task) })
	}
	if m.Prompt != "" {
		add(fmt.Sprintf("the prompt %q", m.Prompt), containsFold(m.Prompt, func(q *Query) string { return q.User }))
	}
	if m.Pattern != "" {
		re, err := regexp.Compile(m.Pattern)
		if err != nil {
			return nil, err
		}
		add("the pattern "+m.Pattern, func(q *Query) bool { return re.MatchString(q.User) })
	}
	if m.System != "" {
		add(fmt.Sprintf("the system message %q", m.System), containsFold(m.System, func(q *Query) string { return q.System }))
	}
	if m.Messages != nil {
		add("the messages "+describeMessages(m.Messages), func(q *Query) bool { return containsMessages(m.Messages, q.Turns) })
	}
	for _, name := range m.Tools {
		add("the tool "+name, func(q *Query) bool { return slices.Contains(q.Tools, name) })
	}
	return out, nil
}

// containsFold looks for text in a part of the query, ignoring case.
func containsFold(text string, textOf func(*Query) string) func(*Query) bool {
	lower := strings.ToLower(text)
	return func(q *Query) bool { return strings.Contains(strings.ToLower(textOf(q)), lower) }
}

func describeMessages(messages []scriptMessage) string {
	parts := make([]string, len(messages))
	for i, m := range messages {
		parts[i] = strings.TrimSpace(fmt.Sprintf("%s %q", m.Role, m.Content))
	}
	return strings.Join(parts, ", ")
}

// containsMessages reports whether all messages occur in turns, in their order.
func containsMessages(messages []scriptMessage, turns []inference.Turn) bool {
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

func (s *script) matches(q *Query) bool {
	for i := range s.checks {
		if !s.checks[i].isMet(q) {
			return false
		}
	}
	return true
}

// unmetConditions describes the conditions that q does not meet.
func (s *script) unmetConditions(q *Query) []string {
	var out []string
	for i := range s.checks {
		if !s.checks[i].isMet(q) {
			out = append(out, s.checks[i].description)
		}
	}
	return out
}

// nearestScript is the script whose conditions q comes nearest to meeting: the
// fewest unmet and, among those, the most similar words. It is nil when there are no scripts.
func nearestScript(scripts []*script, q *Query) (best *script, unmet []string) {
	bestScore := 0.0
	for _, s := range scripts {
		unmetHere := s.unmetConditions(q)
		score := wordSimilarity(strings.Join(unmetHere, " "), q.User) - float64(len(unmetHere))
		if len(unmetHere) == 0 {
			unmetHere = []string{fmt.Sprintf("call %d (this was call %d)", s.nthMatch, s.matchCount.Load())}
		}
		if best == nil || score > bestScore {
			best, unmet, bestScore = s, unmetHere, score
		}
	}
	return best, unmet
}

// wordSimilarity is the share of a's words that are words of b, below 1. A word
// that differs by a typing error from one at the end of b counts half.
func wordSimilarity(a, b string) float64 {
	present := map[string]bool{}
	all := inference.LowerWords(b[max(0, len(b)-inference.MaxPromptRead):])
	for _, w := range all {
		present[w] = true
	}
	words := inference.LowerWords(a)
	shared := 0.0
	for _, w := range words {
		if present[w] {
			shared++
		} else if slices.ContainsFunc(all[max(0, len(all)-inference.MaxTypoWords):], func(v string) bool { return isTypo(v, w) }) {
			shared += 0.5
		}
	}
	return shared / float64(len(words)+1)
}

// isTypo reports whether two words differ by a letter or two.
func isTypo(a, b string) bool {
	return len(a) > 3 && len(a) < 30 && len(b) > 3 && a[0] == b[0] && max(len(a)-len(b), len(b)-len(a)) <= 2 && inference.Distance(a, b) <= 1+len(a)/6
}

// QueryOf is a text generation as a query.
func QueryOf(r *inference.TextRequest) *Query {
	q := &Query{Model: r.Model, Task: inference.TaskText, User: r.Last("user"), System: r.Last("system"), Turns: r.Turns}
	for _, t := range r.Tools {
		q.Tools = append(q.Tools, t.Name)
	}
	return q
}
