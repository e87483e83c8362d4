package generate

import (
	"regexp"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// wish is how long, and in which form, a prompt asks its answer to be. Zero
// fields are left open.
type wish struct {
	words, mostWords, sentences, paragraphs, items int
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

func wordNumber(s string) int {
	if n, ok := numberWords[strings.ToLower(s)]; ok {
		return n
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// wishOf reads the length that a prompt asks for.
func wishOf(text string) (w wish) {
	if m := asksWordsMax.FindStringSubmatch(text); m != nil {
		w.mostWords = wordNumber(m[1])
	} else if m := asksWords.FindStringSubmatch(text); m != nil && m[1] != "" {
		w.mostWords = wordNumber(m[2])
	} else if m != nil && wordNumber(m[2]) > 1 {
		w.words = wordNumber(m[2])
	}
	if m := asksSentence.FindStringSubmatch(text); m != nil {
		w.sentences = max(wordNumber(m[1]), wordNumber(m[2]))
	}
	if m := asksParts.FindStringSubmatch(text); m != nil {
		w.paragraphs = wordNumber(m[1])
	}
	if m := asksBullets.FindStringSubmatch(text); m != nil {
		w.items = wordNumber(m[1])
	} else if asksList.MatchString(text) {
		w.items = 5
	}
	return w
}

// prose is an answer in sentences, of the length that the prompt asks for,
// after what a tool has just answered.
func (g *generator) prose() string {
	if g.told != "" {
		return "This is what I found: " + g.told + "\n\n" + g.wished()
	}
	return g.wished()
}

func (g *generator) wished() string {
	w := wishOf(proseOnly(g.text))
	text := ""
	switch {
	case w.items > 0:
		lines := make([]string, min(w.items, inference.MaxItems))
		for i := range lines {
			lines[i] = strconv.Itoa(i+1) + ". " + g.sentence(i)
		}
		text = strings.Join(lines, "\n")
	case w.sentences > 0:
		text = g.sentences(w.sentences)
	case w.words > 0:
		return g.Words(w.words)
	case w.paragraphs > 0:
		parts := make([]string, min(w.paragraphs, inference.MaxItems))
		for i := range parts {
			parts[i] = g.paragraph(3)
		}
		text = strings.Join(parts, "\n\n")
	default:
		text = about(Pick(g.rng, g.bank.Openings), g.topic) + " " + g.paragraph(2+g.rng.IntN(3)) + " " + about(Pick(g.rng, g.bank.Closings), g.topic)
	}
	if w.mostWords > 0 {
		text = firstWords(text, w.mostWords)
	}
	return text
}

// sentence is the i-th of an answer: none comes twice before all came once.
func (g *generator) sentence(i int) string {
	n := len(g.bank.Sentences)
	return about(g.bank.Sentences[(int(g.start("sentence"+strconv.FormatUint(g.salt, 10)))%n+i)%n], g.topic)
}

func (g *generator) sentences(n int) string {
	parts := make([]string, min(n, inference.MaxSentences))
	for i := range parts {
		parts[i] = g.sentence(i)
	}
	return strings.Join(parts, " ")
}

// Words is a text of exactly n words that ends like a sentence.
func (g *generator) Words(n int) string {
	n = min(n, inference.MaxWords)
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
