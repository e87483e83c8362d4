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

// patternText is a text that matches the pattern of a schema: what the field's
// name or format suggests, if that matches, else one made from the pattern.
func (g *generator) patternText(node *shapeNode, at position) string {
	re, parsed, states, err := compilePattern(node.pattern)
	if err != nil {
		g.err = inference.ErrJSONMode
		return ""
	}
	g.spend(128 * states)
	fits := func(s string) bool {
		n := utf8.RuneCountInString(s)
		g.spend(len(s) * (1 + states/16))
		return g.err == nil && s != "" && n >= node.minSize && (node.maxSize == 0 || n <= node.maxSize) && re.MatchString(s)
	}
	for _, s := range []string{g.textOfFormat(node.format), g.quizText(at), g.textByName(at)} {
		if fits(s) {
			return s
		}
	}
	for try := range inference.PatternTries {
		// Longer with every second try, to reach a minimum length beside the pattern.
		var b strings.Builder
		expand(&b, g.rng, parsed, try/2)
		if fits(b.String()) {
			return b.String()
		}
		if g.err != nil {
			return ""
		}
		if padded := g.fitLength(b.String(), node.minSize, node.maxSize); g.err == nil && fits(padded) { // a pattern without an end
			return padded
		}
		if g.budget.Remaining > 0 { // only the length did not fit: try again
			g.err = nil
		}
	}
	g.err = inference.ErrJSONMode
	return ""
}

// errLargePattern is a pattern of more than maxStates states.
var errLargePattern = errors.New("ai: the pattern has too many states")

// compilePattern compiles a pattern in JavaScript's syntax, and also returns its
// parsed form and about how many states its automaton has.
func compilePattern(pattern string) (*regexp.Regexp, *syntax.Regexp, int, error) {
	pattern = ecmaPattern(pattern)
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, nil, 0, err
	}
	parsed = parsed.Simplify()
	states := countStates(parsed, inference.MaxPatternStates)
	if states > inference.MaxPatternStates {
		return nil, nil, states, errLargePattern
	}
	re, err := regexp.Compile(pattern)
	return re, parsed, states, err
}

// countStates is about how many states the automaton of re has; past limit it
// stops counting. Parts that Simplify repeats count each time.
func countStates(re *syntax.Regexp, limit int) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		if n += countStates(sub, limit-n); n > limit {
			return n
		}
	}
	return n
}

// ecmaPattern rewrites JavaScript's syntax to Go's where they differ.
var ecmaPattern = strings.NewReplacer(`\/`, `/`, `(?<`, `(?P<`, `(?P<=`, `(?<=`, `\-`, `\x2d`, `\d`, `[0-9]`).Replace

// expand writes a text that re matches; extraRepeats is added to repetitions
// without an upper limit.
func expand(b *strings.Builder, rng *rand.Rand, re *syntax.Regexp, extraRepeats int) {
	if b.Len() > inference.MaxPatternText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(runeOfClass(rng, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + rng.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			expand(b, rng, sub, extraRepeats)
		}
	case syntax.OpAlternate:
		expand(b, rng, re.Sub[rng.IntN(len(re.Sub))], extraRepeats)
	case syntax.OpStar:
		repeat(b, rng, re.Sub[0], rng.IntN(3)+extraRepeats, extraRepeats)
	case syntax.OpPlus:
		repeat(b, rng, re.Sub[0], 1+rng.IntN(4)+extraRepeats, extraRepeats)
	case syntax.OpQuest:
		if rng.IntN(2) == 0 || extraRepeats > 0 {
			expand(b, rng, re.Sub[0], extraRepeats)
		}
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + 3 + extraRepeats
		}
		repeat(b, rng, re.Sub[0], min(most, re.Min+rng.IntN(most-re.Min+1)+extraRepeats), extraRepeats)
	}
}

func repeat(b *strings.Builder, rng *rand.Rand, re *syntax.Regexp, n, extraRepeats int) {
	for range n {
		expand(b, rng, re, extraRepeats)
	}
}

// runeOfClass is a printable character of a class, if it has one.
func runeOfClass(rng *rand.Rand, ranges []rune) rune {
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
