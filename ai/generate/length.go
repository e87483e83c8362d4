package generate

import (
	"regexp"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// requestedLength is the length and form that a prompt asks for. A field is zero
// when the prompt does not mention it.
type requestedLength struct {
	words, maxWords, sentences, paragraphs, items int
}

var (
	numberWord   = `(\d{1,5}|a|an|one|two|three|four|five|six|seven|eight|nine|ten|twelve|single|couple of|few)`
	asksWords    = regexp.MustCompile(`(?i)\b(?:(under|at most|no more than|up to|maximum|max|less than|fewer than|within)\s+(?:of\s+)?)?` + numberWord + `[\s-]+words?\b`)
	asksWordsMax = regexp.MustCompile(`(?i)\b` + numberWord + `[\s-]+words?\s+(?:or less|or fewer|max(?:imum)?|at most)\b`)
	asksSentence = regexp.MustCompile(`(?i)\b` + numberWord + `(?:\s*(?:-|–|to|or)\s*(\d{1,3}|two|three|four|five|six))?[\s-]+(?:\w+\s+)?sentences?\b`)
	asksParts    = regexp.MustCompile(`(?i)\b` + numberWord + `[\s-]+(?:\w+\s+)?paragraphs?\b`)
	asksBullets  = regexp.MustCompile(`(?i)\b` + numberWord + `[\s-]+(?:\w+\s+){0,2}(?:bullet points?|bullets|items|tips|ideas|steps|reasons|examples|suggestions|points|ways|facts)\b`)
	asksList     = regexp.MustCompile(`(?i)\b(?:bullet points?|bulleted list|numbered list|as a list)\b`)
)

var numberWords = map[string]int{
	"a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "couple of": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}

func parseNumberWord(s string) int {
	if n, ok := numberWords[strings.ToLower(s)]; ok {
		return n
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// requestedLengthOf reads the length that a prompt asks for.
func requestedLengthOf(text string) (w requestedLength) {
	if m := asksWordsMax.FindStringSubmatch(text); m != nil {
		w.maxWords = parseNumberWord(m[1])
	} else if m := asksWords.FindStringSubmatch(text); m != nil && m[1] != "" {
		w.maxWords = parseNumberWord(m[2])
	} else if m != nil && parseNumberWord(m[2]) > 1 {
		w.words = parseNumberWord(m[2])
	}
	if m := asksSentence.FindStringSubmatch(text); m != nil {
		w.sentences = max(parseNumberWord(m[1]), parseNumberWord(m[2]))
	}
	if m := asksParts.FindStringSubmatch(text); m != nil {
		w.paragraphs = parseNumberWord(m[1])
	}
	if m := asksBullets.FindStringSubmatch(text); m != nil {
		w.items = parseNumberWord(m[1])
	} else if asksList.MatchString(text) {
		w.items = 5
	}
	return w
}

// prose is an answer in sentences, of the length that the prompt asks for. It
// begins with the result of a tool, if there is one.
func (g *generator) prose() string {
	if g.toolResult != "" {
		return "This is what I found: " + g.toolResult + "\n\n" + g.proseOfLength()
	}
	return g.proseOfLength()
}

func (g *generator) proseOfLength() string {
	requested := requestedLengthOf(withoutShape(g.prompt))
	text := ""
	switch {
	case requested.items > 0:
		lines := make([]string, min(requested.items, inference.MaxArrayItems))
		for i := range lines {
			lines[i] = strconv.Itoa(i+1) + ". " + g.sentence(i)
		}
		text = strings.Join(lines, "\n")
	case requested.sentences > 0:
		text = g.sentences(requested.sentences)
	case requested.words > 0:
		return g.Words(requested.words)
	case requested.paragraphs > 0:
		parts := make([]string, min(requested.paragraphs, inference.MaxArrayItems))
		for i := range parts {
			parts[i] = g.paragraph(3)
		}
		text = strings.Join(parts, "\n\n")
	default:
		text = fillTopic(Pick(g.rng, g.bank.Openings), g.topic) + " " + g.paragraph(2+g.rng.IntN(3)) + " " + fillTopic(Pick(g.rng, g.bank.Closings), g.topic)
	}
	if requested.maxWords > 0 {
		text = firstWords(text, requested.maxWords)
	}
	return text
}

// sentence is the i-th of an answer: none is used twice before all were used once.
func (g *generator) sentence(i int) string {
	n := len(g.bank.Sentences)
	return fillTopic(g.bank.Sentences[(int(g.stableChoice("sentence"+strconv.FormatUint(g.salt, 10)))%n+i)%n], g.topic)
}

func (g *generator) sentences(n int) string {
	parts := make([]string, min(n, inference.MaxSentences))
	for i := range parts {
		parts[i] = g.sentence(i)
	}
	return strings.Join(parts, " ")
}

// Words is a text of exactly n words, at most MaxTranscriptWords, that ends with a full stop.
func (g *generator) Words(n int) string {
	n = min(n, inference.MaxTranscriptWords)
	var parts []string
	for i := 0; len(parts) < n; i++ {
		parts = append(parts, strings.Fields(g.sentence(i))...)
	}
	return endSentence(strings.Join(parts[:n], " "))
}

// firstWords cuts a text to n words, at the end of a sentence if one fits.
func firstWords(text string, n int) string {
	parts := strings.Fields(text)
	if len(parts) <= n {
		return text
	}
	for end := n; end > 0; end-- {
		if strings.HasSuffix(parts[end-1], ".") && end > n/3 {
			return strings.Join(parts[:end], " ")
		}
	}
	return endSentence(strings.Join(parts[:n], " "))
}

func endSentence(text string) string {
	text = strings.TrimRight(text, ",;:. ")
	if text == "" {
		return text
	}
	return text + "."
}
