package generate

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"

	"flint/ai/inference"
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
	work  *inference.Work
	err   error // what could not be met

	subject string // of a quiz of knowledge, or empty
	calling bool   // the arguments of a tool are made
	told    string // what a tool has just answered
}

// NewGenerator makes the generator of what answers req: its random source, its topic and its words.
func NewGenerator(req *inference.TextRequest) (*generator, error) {
	b, err := Bank()
	if err != nil {
		return nil, err
	}
	text := req.Heard("user")
	if text == "" && len(req.Turns) > 0 {
		text = req.Heard(req.Turns[len(req.Turns)-1].Role)
	}
	g := &generator{bank: b, rng: req.Random(), text: text, seen: req.Seen, quiz: quizOf(b, text), work: req.Work}
	if g.work == nil {
		g.work = &inference.Work{Left: inference.MaxWork}
	}
	g.subject = quizSubject(g.quiz, text)
	if last := len(req.Turns) - 1; last >= 0 && req.Turns[last].Role == "tool" {
		g.told = inference.Shorten(strings.TrimSpace(req.Heard("tool")), inference.MaxToolShown)
	}
	g.salt = g.rng.Uint64()
	g.topic = topic(proseOnly(text))
	return g, nil
}

// AsksJSON finds in a prompt that it wants JSON.
var AsksJSON = regexp.MustCompile(`(?i)\bjson\b`)

var (
	asksQuiz = regexp.MustCompile(`(?i)\b(generate|create|make|write|give|build|design|produce)\b[^.?!\n]{0,80}\bquiz\b`)
	askKeys  = regexp.MustCompile("(?i)\\b(?:keys|fields|properties)\\b(?: are| named| called|:)?\\s*((?:[`\"']?[A-Za-z_]\\w*[`\"']?(?:\\s*,\\s*(?:and\\s+)?|\\s+and\\s+)?)+)")
	keyName  = regexp.MustCompile(`[A-Za-z_]\w*`)
	braces   = regexp.MustCompile(`(?s)[{\[].*[}\]]`)
)

// proseOnly is a prompt without the shape it shows.
func proseOnly(text string) string { return braces.ReplaceAllString(text, " ") }

// Generate answers without a script: a tool call, the JSON that was asked for,
// or prose.
func Generate(req *inference.TextRequest) (*inference.Completion, error) {
	bare := *req
	bare.Seen = "" // what images show is for texts that describe them
	if call, ok, err := generateCall(&bare); ok || err != nil {
		return call, err
	}
	node, err := wantedShape(req)
	if err != nil {
		return nil, err
	}
	if node != nil {
		return generateJSON(req, node)
	}
	g, err := NewGenerator(&bare)
	if err != nil {
		return nil, err
	}
	limit := req.MaxTokens
	if limit <= 0 {
		limit = inference.DefaultMaxTokens
	}
	text, short := inference.Cut(strings.TrimSpace(req.Seen+" "+g.prose()), limit)
	done := &inference.Completion{Text: text, Finish: inference.FinishStop}
	if short {
		done.Finish = inference.FinishLength
	}
	return done, nil
}

// wantedShape is the form of the JSON that the request asks for, nil for prose.
func wantedShape(req *inference.TextRequest) (*shapeNode, error) {
	if req.Format != nil && req.Format.Type == "json_schema" {
		return parseSchema(req.Format.Schema)
	}
	user, system := req.Heard("user"), req.Heard("system")
	if AsksJSON.MatchString(user + " " + system) {
		for _, text := range []string{user, system} {
			if node := shownShape(text); node != nil {
				return node, nil
			}
		}
	}
	b, err := Bank()
	if err != nil {
		return nil, err
	}
	if quizOf(b, user) != "" {
		if node := shownShape(user); node != nil {
			return node, nil
		}
		return quizShape(), nil
	}
	if !AsksJSON.MatchString(user+" "+system) && req.Format == nil {
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
	for _, name := range keyName.FindAllString(text[m[2]:m[3]], inference.MaxItems) {
		if !inference.StopWords[name] {
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
func generateJSON(req *inference.TextRequest, node *shapeNode) (*inference.Completion, error) {
	fits := validatorOf(req.Format)
	left := &inference.Work{Left: inference.MaxWork}
	for try := range inference.SchemaTries {
		again := *req
		again.Work = left
		again.Seed += int64(try) << 32
		text, err := fillShape(&again, node)
		if err != nil {
			return nil, err
		}
		if !fits(text) {
			continue
		}
		done := &inference.Completion{Text: text, Finish: inference.FinishStop}
		if req.Format != nil {
			done.Object = json.RawMessage(text)
		}
		return done, nil
	}
	return nil, inference.ErrJSONMode
}

// fillShape writes node, with fewer elements until it fits max_tokens.
func fillShape(req *inference.TextRequest, node *shapeNode) (string, error) {
	text := ""
	for limit := inference.MaxItems; limit >= 1; limit-- {
		g, err := NewGenerator(req)
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
		if req.MaxTokens <= 0 || inference.CountTokens(text) <= req.MaxTokens {
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
