package ai

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

//go:embed bank.yaml
var bankYAML []byte

// wordBank is what the generator puts its answers together from.
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

var bank = sync.OnceValues(func() (*wordBank, error) {
	b := &wordBank{}
	if err := yaml.Unmarshal(bankYAML, b); err != nil {
		return nil, fmt.Errorf("ai: word bank: %w", err)
	}
	return b, nil
})

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// about puts the topic into a sentence of the bank.
func about(sentence, topic string) string {
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

// stopWords never become a topic: what a prompt asks for, not what it is about.
var stopWords = func() map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(`a about above according after again all also analyze analyse always an and any are as ask at be because been before being
		below best between both brief but by can case create could describe did do does each else etc every example explain few five following
		for format four from generate get give given has have here how i if in include including into is it its json just keep kind
		know like list long make many may me mine more most must my need new no not now number object of on one only or other our
		out output please provide question questions reply respond response return say set shape short should show six so some
		something string such take ten text than that the their them then there these they thing things this those three to too two
		up us use user using valid very want was we were what when where which while who why will with word words would write you
		your hello hi hey prompt answer answers based sentence sentences paragraph help tell person people fields keys properties`) {
		set[w] = true
	}
	return set
}()

// topic is what a text seems to be about: its first few telling words.
func topic(text string) string {
	var found []string
	seen := map[string]bool{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' }) {
		w = strings.Trim(w, "-'")
		low := strings.ToLower(w)
		if utf8.RuneCountInString(w) < 3 || len(w) > 30 || stopWords[low] || seen[low] {
			continue
		}
		seen[low] = true
		found = append(found, low)
		if len(found) == 2 {
			break
		}
	}
	if len(found) == 0 {
		return "your question"
	}
	return strings.Join(found, " ")
}
