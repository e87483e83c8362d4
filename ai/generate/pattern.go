package generate

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"

	"flint/ai/inference"
)

// matching is a text that satisfies the pattern of a schema: one of those that
// suit the field, if it fits, else one made from the pattern.
func (g *generator) matching(node *shapeNode, at place) string {
	re, parsed, states, err := compilePattern(node.pattern)
	if err != nil {
		g.err = inference.ErrJSONMode
		return ""
	}
	g.spend(128 * states)
	fits := func(s string) bool {
		n := utf8.RuneCountInString(s)
		g.spend(len(s) * (1 + states/16))
		return g.err == nil && s != "" && n >= node.least && (node.most == 0 || n <= node.most) && re.MatchString(s)
	}
	for _, s := range []string{g.formatted(node.format), g.inQuiz(at), g.named(at)} {
		if fits(s) {
			return s
		}
	}
	for try := range inference.PatternTries {
		// Longer with every second try, for a least length beside the pattern.
		var b strings.Builder
		expand(&b, g.rng, parsed, try/2)
		if fits(b.String()) {
			return b.String()
		}
		if g.err != nil {
			return ""
		}
		if padded := g.fit(b.String(), node.least, node.most); g.err == nil && fits(padded) { // a pattern without an end
			return padded
		}
		if g.work.Left > 0 { // it was the length
			g.err = nil
		}
	}
	g.err = inference.ErrJSONMode
	return ""
}

// errLargePattern is a pattern of more than maxStates states.
var errLargePattern = errors.New("ai: the pattern has too many states")

// compilePattern reads a pattern as JavaScript writes it, and says how large
// the machine is that looks for it.
func compilePattern(pattern string) (*regexp.Regexp, *syntax.Regexp, int, error) {
	pattern = ecmaPattern(pattern)
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, nil, 0, err
	}
	parsed = parsed.Simplify()
	states := countStates(parsed, inference.MaxStates)
	if states > inference.MaxStates {
		return nil, nil, states, errLargePattern
	}
	re, err := regexp.Compile(pattern)
	return re, parsed, states, err
}

// countStates is about the size of the machine for re, or more than most. Parts
// that Simplify repeats count each time.
func countStates(re *syntax.Regexp, most int) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		if n += countStates(sub, most-n); n > most {
			return n
		}
	}
	return n
}

// ecmaPattern writes what JavaScript spells otherwise.
var ecmaPattern = strings.NewReplacer(`\/`, `/`, `(?<`, `(?P<`, `(?P<=`, `(?<=`, `\-`, `\x2d`, `\d`, `[0-9]`).Replace

// expand writes a text that re matches; more is how often an open repetition
// goes on.
func expand(b *strings.Builder, rng *rand.Rand, re *syntax.Regexp, more int) {
	if b.Len() > inference.MaxPatternText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(oneOfClass(rng, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + rng.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			expand(b, rng, sub, more)
		}
	case syntax.OpAlternate:
		expand(b, rng, re.Sub[rng.IntN(len(re.Sub))], more)
	case syntax.OpStar:
		repeat(b, rng, re.Sub[0], rng.IntN(3)+more, more)
	case syntax.OpPlus:
		repeat(b, rng, re.Sub[0], 1+rng.IntN(4)+more, more)
	case syntax.OpQuest:
		if rng.IntN(2) == 0 || more > 0 {
			expand(b, rng, re.Sub[0], more)
		}
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + 3 + more
		}
		repeat(b, rng, re.Sub[0], min(most, re.Min+rng.IntN(most-re.Min+1)+more), more)
	}
}

func repeat(b *strings.Builder, rng *rand.Rand, re *syntax.Regexp, n, more int) {
	for range n {
		expand(b, rng, re, more)
	}
}

// oneOfClass takes a printable character of a class if it has one.
func oneOfClass(rng *rand.Rand, ranges []rune) rune {
	if len(ranges) == 0 {
		return 'a'
	}
	for range 40 {
		at := 2 * rng.IntN(len(ranges)/2)
		low, high := ranges[at], ranges[at+1]
		if low < '~' { // of a class that leaves out a few, a plain character
			low, high = max(low, ' '), min(high, '~')
		}
		if high < low {
			continue
		}
		if r := low + rune(rng.IntN(int(min(high-low, 1<<16))+1)); unicode.IsPrint(r) {
			return r
		}
	}
	return ranges[0]
}
