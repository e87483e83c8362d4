package generate

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"flint/ai/inference"
)

//go:embed bank.yaml
var bankYAML []byte

// wordBank holds the sentences and words that answers are put together from.
type wordBank struct {
	Quizzes      map[string]quizKind
	Statements   map[string][]string // by trait
	Scales       [][]string
	Trivia       []string // questions of a quiz of knowledge
	Descriptions []string
	Openings     []string
	Sentences    []string
	Closings     []string
	Titles       []string
	People       []string
	Cities       []string
	Nouns        []string
	Adjectives   []string
	Classes      []string // of a whole image
	Objects      []string // in an image
}

type quizKind struct {
	Title  string
	Traits []string
}

// Bank reads, once, the words and sentences that answers are made of.
var Bank = sync.OnceValues(func() (*wordBank, error) {
	b := &wordBank{}
	if err := yaml.Unmarshal(bankYAML, b); err != nil {
		return nil, fmt.Errorf("ai: word bank: %w", err)
	}
	return b, nil
})

// Pick is a random element of from.
func Pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// fillTopic replaces {topic} and {Topic} in a sentence of the bank.
func fillTopic(sentence, topic string) string {
	sentence = strings.ReplaceAll(sentence, "{Topic}", titleCase(topic))
	return upperFirst(strings.ReplaceAll(sentence, "{topic}", topic))
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func titleCase(s string) string {
	parts := strings.Fields(s)
	for i := range parts {
		parts[i] = upperFirst(parts[i])
	}
	return strings.Join(parts, " ")
}

// topicOf guesses what a text is about: its first two words that are no stop words.
func topicOf(text string) string {
	var found []string
	seen := map[string]bool{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' }) {
		w = strings.Trim(w, "-'")
		lower := strings.ToLower(w)
		if utf8.RuneCountInString(w) < 3 || len(w) > 30 || inference.StopWords[lower] || seen[lower] {
			continue
		}
		seen[lower] = true
		found = append(found, lower)
		if len(found) == 2 {
			break
		}
	}
	if len(found) == 0 {
		return "your question"
	}
	return strings.Join(found, " ")
}
