package ai

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
)

// generator makes one answer. Its choices come from rng alone.
type generator struct {
	bank  *wordBank
	rng   *rand.Rand
	text  string // what the user asked last
	topic string
	seen  string // what the images of the request look like
	quiz  string // the kind of quiz that was asked for, or empty
	salt  uint64 // the first choice of rng: what stays the same through one answer
	limit int    // most elements of an array that is not a list of options
	work  *work
	err   error // what could not be met

	subject string // of a quiz of knowledge, or empty
	calling bool   // the arguments of a tool are made
	told    string // what a tool has just answered
}

func newGenerator(req *textRequest) (*generator, error) {
	b, err := bank()
	if err != nil {
		return nil, err
	}
	text := req.heard("user")
	if text == "" && len(req.turns) > 0 {
		text = req.heard(req.turns[len(req.turns)-1].Role)
	}
	g := &generator{bank: b, rng: req.random(), text: text, seen: req.seen, quiz: quizOf(b, text), work: req.work}
	if g.work == nil {
		g.work = &work{maxWork}
	}
	g.subject = quizSubject(g.quiz, text)
	if last := len(req.turns) - 1; last >= 0 && req.turns[last].Role == "tool" {
		g.told = shorten(strings.TrimSpace(req.heard("tool")), maxToolShown)
	}
	g.salt = g.rng.Uint64()
	g.topic = topic(proseOnly(text))
	return g, nil
}

var (
	asksJSON = regexp.MustCompile(`(?i)\bjson\b`)
	asksQuiz = regexp.MustCompile(`(?i)\b(generate|create|make|write|give|build|design|produce)\b[^.?!\n]{0,80}\bquiz\b`)
	askKeys  = regexp.MustCompile("(?i)\\b(?:keys|fields|properties)\\b(?: are| named| called|:)?\\s*((?:[`\"']?[A-Za-z_]\\w*[`\"']?(?:\\s*,\\s*(?:and\\s+)?|\\s+and\\s+)?)+)")
	keyName  = regexp.MustCompile(`[A-Za-z_]\w*`)
	braces   = regexp.MustCompile(`(?s)[{\[].*[}\]]`)
)

// proseOnly is a prompt without the shape it shows.
func proseOnly(text string) string { return braces.ReplaceAllString(text, " ") }

// generate answers without a script: a tool call, the JSON that was asked for,
// or prose.
func generate(req *textRequest) (*completion, error) {
	seen, err := sights(req.raw)
	if err != nil {
		return nil, err
	}
	if call, ok, err := generateCall(req); ok || err != nil {
		return call, err
	}
	node, err := wantedShape(req)
	if err != nil {
		return nil, err
	}
	if node != nil {
		look := *req
		look.seen = seen
		return generateJSON(&look, node)
	}
	g, err := newGenerator(req)
	if err != nil {
		return nil, err
	}
	limit := req.maxTokens
	if limit <= 0 {
		limit = DefaultMaxTokens
	}
	text, short := cut(strings.TrimSpace(seen+" "+g.prose()), limit)
	done := &completion{text: text, finish: finishStop}
	if short {
		done.finish = finishLength
	}
	return done, nil
}

// wantedShape is the form of the JSON that the request asks for, nil for prose.
func wantedShape(req *textRequest) (*shapeNode, error) {
	if req.format != nil && req.format.Type == "json_schema" {
		return parseSchema(req.format.Schema)
	}
	user, system := req.heard("user"), req.heard("system")
	if asksJSON.MatchString(user + " " + system) {
		for _, text := range []string{user, system} {
			if node := shownShape(text); node != nil {
				return node, nil
			}
		}
	}
	b, err := bank()
	if err != nil {
		return nil, err
	}
	if quizOf(b, user) != "" {
		if node := shownShape(user); node != nil {
			return node, nil
		}
		return quizShape(), nil
	}
	if !asksJSON.MatchString(user+" "+system) && req.format == nil {
		return nil, nil
	}
	return &shapeNode{kind: kindObject, fields: []shapeField{{"answer", &shapeNode{kind: kindString}}}}, nil
}

// shownShape is the shape that a text shows or, after it, lists the keys of:
// "with the keys title, summary and score".
func shownShape(text string) *shapeNode {
	if node := declaredShape(text); node != nil {
		return node
	}
	example, at := findExample(text)
	m := askKeys.FindStringSubmatchIndex(text)
	if m == nil || example != nil && m[0] < at {
		return example
	}
	node := &shapeNode{kind: kindObject}
	for _, name := range keyName.FindAllString(text[m[2]:m[3]], maxItems) {
		if !stopWords[name] {
			node.fields = append(node.fields, shapeField{name, &shapeNode{kind: kindAny}})
		}
	}
	if len(node.fields) == 0 {
		return example
	}
	return node
}

// generateJSON fills node. What does not fit the schema, for a keyword that the
// generator does not follow, is tried again with other choices and then refused:
// an answer in JSON mode always fits.
func generateJSON(req *textRequest, node *shapeNode) (*completion, error) {
	fits := req.format.validator()
	left := &work{maxWork}
	for try := range schemaTries {
		again := *req
		again.work = left
		again.seed += int64(try) << 32
		text, err := fillShape(&again, node)
		if err != nil {
			return nil, err
		}
		if !fits(text) {
			continue
		}
		done := &completion{text: text, finish: finishStop}
		if req.format != nil {
			done.object = json.RawMessage(text)
		}
		return done, nil
	}
	return nil, errJSONMode
}

// fillShape writes node, with fewer elements until it fits max_tokens.
func fillShape(req *textRequest, node *shapeNode) (string, error) {
	text := ""
	for limit := maxItems; limit >= 1; limit-- {
		g, err := newGenerator(req)
		if err != nil {
			return "", err
		}
		g.limit = limit
		var b strings.Builder
		g.fill(&b, node, place{})
		if g.err != nil && text != "" {
			return text, nil // a longer one that was complete
		}
		if g.err != nil {
			return "", g.err
		}
		text = b.String()
		if req.maxTokens <= 0 || countTokens(text) <= req.maxTokens {
			break
		}
		limit = min(limit, g.longest(node))
	}
	return text, nil
}

// longest is the most elements that an array below node gets: a limit above it
// changes nothing.
func (g *generator) longest(node *shapeNode) int {
	most := 0
	if node.kind == kindArray {
		most = g.count(node, place{})
	}
	for _, f := range node.fields {
		if f.node.kind == kindArray {
			most = max(most, g.count(f.node, place{key: f.name}))
		}
		most = max(most, g.longest(f.node))
	}
	return most
}
