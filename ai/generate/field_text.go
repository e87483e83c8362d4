package generate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"flint/ai/inference"
)

// stringFor makes a text by the node's pattern or format, else by the field's name.
func (g *generator) stringFor(node *shapeNode, at position) string {
	if node.pattern != "" {
		return g.patternText(node, at)
	}
	if s := g.textOfFormat(node.format); s != "" {
		if n := utf8.RuneCountInString(s); n >= node.minSize && (node.maxSize == 0 || n <= node.maxSize) {
			return s
		}
	}
	text := g.quizText(at)
	if text == "" {
		text = g.textByName(at)
	}
	return g.fitLength(text, node.minSize, node.maxSize)
}

// quizText is the text of a field of a quiz, or empty outside of one.
func (g *generator) quizText(at position) string {
	key := strings.ToLower(at.key)
	switch {
	case at.option != nil && key == "id":
		return string(rune('a' + at.index%26))
	case at.option != nil && isAnyOf(key, "text", "label", "option", "answer", "choice", "title", "name", "options", "answers", "choices"):
		return at.option.text
	case at.option != nil && isTrait(key), at.question != nil && isTrait(key):
		return at.question.trait
	case at.question != nil && at.question.optionCount > 0 && isAnswer(at.key):
		return at.question.option(at.question.correctOption(), at.question.optionCount).text
	case at.question != nil && key == "id":
		return fmt.Sprintf("q%d", at.index+1)
	case at.question != nil && isAnyOf(key, "text", "question", "prompt", "statement", "title"):
		return at.question.text
	case g.quiz != "" && at.depth <= 1:
		return g.quizField(key)
	}
	return ""
}

// quizField is the text of a field beside the questions.
func (g *generator) quizField(key string) string {
	kind := g.bank.Quizzes[g.quiz]
	switch key {
	case "id":
		return fmt.Sprintf("%s-%06x", g.quiz, g.stableChoice("id")&0xffffff)
	case "type", "quiztype", "quiz_type", "kind", "category":
		return g.quiz
	case "title", "name":
		if g.subject != "" {
			return titleCase(g.subject) + " Quiz"
		}
		return kind.Title
	case "description", "summary", "subtitle", "intro", "introduction":
		if g.subject != "" {
			return fillTopic(Pick(g.rng, g.bank.Descriptions), g.subject)
		}
		return fillTopic(Pick(g.rng, g.bank.Descriptions), "your "+kind.Traits[0]+", "+kind.Traits[1]+" and more")
	}
	return ""
}

// namedPlace is a place that a prompt names: the weather in New York.
var namedPlace = regexp.MustCompile(`\b(?:in|at|for|near|to|from|of)\s+(\p{Lu}[\p{L}'-]+(?:\s+\p{Lu}[\p{L}'-]+){0,3})`)

// textByName is a text that suits the name of a field.
func (g *generator) textByName(at position) string {
	key := strings.ToLower(at.key)
	switch {
	case g.imageDescription != "" && at.depth <= 1 && describesImage(key):
		return g.imageDescription
	case key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(at.key, "Id"):
		return fmt.Sprintf("%s-%d", Pick(g.rng, g.bank.Nouns), at.index+1)
	case isAnyOf(key, "title", "heading", "headline", "subject"):
		return fillTopic(Pick(g.rng, g.bank.Titles), g.topic)
	case isAnyOf(key, "name", "author", "username", "person", "full_name", "fullname"):
		return Pick(g.rng, g.bank.People)
	case strings.Contains(key, "email"):
		return g.textOfFormat("email")
	case isAnyOf(key, "url", "link", "href", "website"):
		return g.textOfFormat("uri")
	case strings.Contains(key, "color"), strings.Contains(key, "colour"):
		return fmt.Sprintf("#%06x", g.rng.IntN(1<<24))
	case isAnyOf(key, "date", "day"):
		return g.textOfFormat("date")
	case isAnyOf(key, "city", "location", "place", "capital"):
		if m := namedPlace.FindStringSubmatch(g.prompt); m != nil && g.isToolCall {
			return m[1]
		}
		return Pick(g.rng, g.bank.Cities)
	case isAnyOf(key, "tag", "tags", "keyword", "keywords", "label", "labels", "type", "category", "trait", "traits", "strength", "strengths", "mood"):
		return Pick(g.rng, g.bank.Adjectives)
	case isAnyOf(key, "answer", "content", "body", "analysis", "insight", "explanation", "text", "response"):
		return g.paragraph(2)
	}
	return fillTopic(Pick(g.rng, g.bank.Sentences), g.topic)
}

// describesImage reports whether a field of this name says what an image shows.
func describesImage(key string) bool {
	return isAnyOf(strings.ReplaceAll(key, "_", ""), "description", "imagedescription", "caption", "alt", "alttext", "scene", "summary", "answer", "content", "body", "analysis", "insight", "explanation", "text", "response")
}

// paragraph is n sentences about the topic, none twice.
func (g *generator) paragraph(n int) string {
	var b strings.Builder
	for i, at := range g.rng.Perm(len(g.bank.Sentences))[:n] {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(fillTopic(g.bank.Sentences[at], g.topic))
	}
	return b.String()
}

// textOfFormat makes a text of a JSON schema's format, empty for an unknown one,
// which JSON Schema treats as an annotation.
func (g *generator) textOfFormat(format string) string {
	r := g.rng
	date := func() string { return fmt.Sprintf("2025-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28)) }
	clock := func() string { return fmt.Sprintf("%02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60)) }
	switch format {
	case "date":
		return date()
	case "time":
		return clock() + "Z"
	case "date-time":
		return date() + "T" + clock() + "Z"
	case "email":
		return strings.ToLower(strings.ReplaceAll(Pick(r, g.bank.People), " ", ".")) + "@example.com"
	case "uri", "url":
		return "https://example.com/" + Pick(r, g.bank.Nouns)
	case "uuid":
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), 0x8000|r.IntN(1<<14), r.Int64N(1<<48))
	case "hostname":
		return Pick(r, g.bank.Nouns) + ".example.com"
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x", 1+r.IntN(1<<15))
	case "duration":
		return fmt.Sprintf("PT%dM", 1+r.IntN(59))
	case "uri-reference", "iri", "iri-reference":
		return "https://example.com/" + Pick(r, g.bank.Nouns)
	case "json-pointer":
		return "/" + Pick(r, g.bank.Nouns)
	case "regex":
		return "^[a-z]+$"
	case "idn-email":
		return g.textOfFormat("email")
	case "idn-hostname":
		return g.textOfFormat("hostname")
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", 1+r.IntN(254))
	}
	return ""
}

// fitLength extends or cuts a text to minChars to maxChars characters; maxChars 0 is no limit.
func (g *generator) fitLength(text string, minChars, maxChars int) string {
	if minChars > inference.MaxPromptRead {
		g.err = inference.ErrJSONMode
		return ""
	}
	if n := utf8.RuneCountInString(text); n < minChars {
		var b strings.Builder
		b.WriteString(text)
		for n < minChars {
			more := " " + fillTopic(Pick(g.rng, g.bank.Sentences), g.topic)
			b.WriteString(more)
			n += utf8.RuneCountInString(more)
		}
		text = b.String()
	}
	g.spend(len(text))
	if maxChars > 0 && utf8.RuneCountInString(text) > maxChars {
		text = strings.TrimSpace(string([]rune(text)[:maxChars]))
	}
	if utf8.RuneCountInString(text) < minChars {
		text += strings.Repeat(".", minChars-utf8.RuneCountInString(text))
	}
	return text
}
