package generate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"flint/ai/inference"
)

// string makes a text for the name it stands under.
func (g *generator) string(node *shapeNode, at place) string {
	if node.pattern != "" {
		return g.matching(node, at)
	}
	if s := g.formatted(node.format); s != "" {
		if n := utf8.RuneCountInString(s); n >= node.least && (node.most == 0 || n <= node.most) {
			return s
		}
	}
	text := g.inQuiz(at)
	if text == "" {
		text = g.named(at)
	}
	return g.fit(text, node.least, node.most)
}

// inQuiz is the text of a quiz question or of one of its options.
func (g *generator) inQuiz(at place) string {
	key := strings.ToLower(at.key)
	switch {
	case at.option != nil && key == "id":
		return string(rune('a' + at.index%26))
	case at.option != nil && oneOf(key, "text", "label", "option", "answer", "choice", "title", "name", "options", "answers", "choices"):
		return at.option.text
	case at.option != nil && isTrait(key), at.ask != nil && isTrait(key):
		return at.ask.trait
	case at.ask != nil && at.ask.options > 0 && isAnswer(at.key):
		return at.ask.option(at.ask.right(), at.ask.options).text
	case at.ask != nil && key == "id":
		return fmt.Sprintf("q%d", at.index+1)
	case at.ask != nil && oneOf(key, "text", "question", "prompt", "statement", "title"):
		return at.ask.text
	case g.quiz != "" && at.depth <= 1:
		return g.quizHead(key)
	}
	return ""
}

// quizHead is a field beside the questions.
func (g *generator) quizHead(key string) string {
	kind := g.bank.Quizzes[g.quiz]
	switch key {
	case "id":
		return fmt.Sprintf("%s-%06x", g.quiz, g.start("id")&0xffffff)
	case "type", "quiztype", "quiz_type", "kind", "category":
		return g.quiz
	case "title", "name":
		if g.subject != "" {
			return titleCase(g.subject) + " Quiz"
		}
		return kind.Title
	case "description", "summary", "subtitle", "intro", "introduction":
		if g.subject != "" {
			return about(Pick(g.rng, g.bank.Descriptions), g.subject)
		}
		return about(Pick(g.rng, g.bank.Descriptions), "your "+kind.Traits[0]+", "+kind.Traits[1]+" and more")
	}
	return ""
}

// namedPlace is a place that a prompt names: the weather in New York.
var namedPlace = regexp.MustCompile(`\b(?:in|at|for|near|to|from|of)\s+(\p{Lu}[\p{L}'-]+(?:\s+\p{Lu}[\p{L}'-]+){0,3})`)

// named is a text that suits the name of a field.
func (g *generator) named(at place) string {
	key := strings.ToLower(at.key)
	switch {
	case g.seen != "" && at.depth <= 1 && tellsOfImage(key):
		return g.seen
	case key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(at.key, "Id"):
		return fmt.Sprintf("%s-%d", Pick(g.rng, g.bank.Nouns), at.index+1)
	case oneOf(key, "title", "heading", "headline", "subject"):
		return about(Pick(g.rng, g.bank.Titles), g.topic)
	case oneOf(key, "name", "author", "username", "person", "full_name", "fullname"):
		return Pick(g.rng, g.bank.People)
	case strings.Contains(key, "email"):
		return g.formatted("email")
	case oneOf(key, "url", "link", "href", "website"):
		return g.formatted("uri")
	case strings.Contains(key, "color"), strings.Contains(key, "colour"):
		return fmt.Sprintf("#%06x", g.rng.IntN(1<<24))
	case oneOf(key, "date", "day"):
		return g.formatted("date")
	case oneOf(key, "city", "location", "place", "capital"):
		if m := namedPlace.FindStringSubmatch(g.text); m != nil && g.calling {
			return m[1]
		}
		return Pick(g.rng, g.bank.Cities)
	case oneOf(key, "tag", "tags", "keyword", "keywords", "label", "labels", "type", "category", "trait", "traits", "strength", "strengths", "mood"):
		return Pick(g.rng, g.bank.Adjectives)
	case oneOf(key, "answer", "content", "body", "analysis", "insight", "explanation", "text", "response"):
		return g.paragraph(2)
	}
	return about(Pick(g.rng, g.bank.Sentences), g.topic)
}

// tellsOfImage reports whether a field of this name says what an image shows.
func tellsOfImage(key string) bool {
	return oneOf(strings.ReplaceAll(key, "_", ""), "description", "imagedescription", "caption", "alt", "alttext", "scene", "summary", "answer", "content", "body", "analysis", "insight", "explanation", "text", "response")
}

// paragraph is n sentences about the topic, none twice.
func (g *generator) paragraph(n int) string {
	var b strings.Builder
	for i, at := range g.rng.Perm(len(g.bank.Sentences))[:n] {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(about(g.bank.Sentences[at], g.topic))
	}
	return b.String()
}

// formatted makes a text of a JSON schema's format; empty for one it does not
// know, which then counts as a comment, as it does in JSON Schema itself.
func (g *generator) formatted(format string) string {
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
		return g.formatted("email")
	case "idn-hostname":
		return g.formatted("hostname")
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", 1+r.IntN(254))
	}
	return ""
}

// fit makes a text at least least and at most most characters long.
func (g *generator) fit(text string, least, most int) string {
	if least > inference.MaxRead {
		g.err = inference.ErrJSONMode
		return ""
	}
	if n := utf8.RuneCountInString(text); n < least {
		var b strings.Builder
		b.WriteString(text)
		for n < least {
			more := " " + about(Pick(g.rng, g.bank.Sentences), g.topic)
			b.WriteString(more)
			n += utf8.RuneCountInString(more)
		}
		text = b.String()
	}
	g.spend(len(text))
	if most > 0 && utf8.RuneCountInString(text) > most {
		text = strings.TrimSpace(string([]rune(text)[:most]))
	}
	if utf8.RuneCountInString(text) < least {
		text += strings.Repeat(".", least-utf8.RuneCountInString(text))
	}
	return text
}
