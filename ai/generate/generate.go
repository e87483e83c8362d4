package generate

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"

	"flint/ai/inference"
)

// generator makes one answer. All its choices come from rng and the prompt.
type generator struct {
	bank             *wordBank
	rng              *rand.Rand
	prompt           string // the last message of the user
	topic            string
	imageDescription string // what the images of the request look like, as sentences
	quiz             string // the kind of quiz that was asked for, or empty
	salt             uint64 // of choices that are the same everywhere in one answer
	maxElements      int    // most elements of an array that is not a list of options
	budget           *inference.Budget
	err              error // the first problem; the answer is then given up

	subject    string // of a quiz of knowledge, or empty
	isToolCall bool   // the answer is the arguments of a tool call
	toolResult string // what the last message, of a tool, says
}

// NewGenerator makes the generator of what answers req: its random source, its topic and its words.
func NewGenerator(req *inference.TextRequest) (*generator, error) {
	b, err := Bank()
	if err != nil {
		return nil, err
	}
	text := req.LastTail("user")
	if text == "" && len(req.Turns) > 0 {
		text = req.LastTail(req.Turns[len(req.Turns)-1].Role)
	}
	g := &generator{bank: b, rng: req.Random(), prompt: text, imageDescription: req.ImageDescription, quiz: quizOf(b, text), budget: req.Budget}
	if g.budget == nil {
		g.budget = &inference.Budget{Remaining: inference.MaxBudget}
	}
	g.subject = quizSubject(g.quiz, text)
	if last := len(req.Turns) - 1; last >= 0 && req.Turns[last].Role == "tool" {
		g.toolResult = inference.Shorten(strings.TrimSpace(req.LastTail("tool")), inference.MaxToolShown)
	}
	g.salt = g.rng.Uint64()
	g.topic = topicOf(withoutShape(text))
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

// withoutShape is a prompt without the example of JSON that it shows.
func withoutShape(text string) string { return braces.ReplaceAllString(text, " ") }

// Generate answers with a tool call, the JSON that the request asks for, or prose.
func Generate(req *inference.TextRequest) (*inference.Completion, error) {
	bare := *req
	bare.ImageDescription = "" // only fields that describe an image show it
	if call, ok, err := generateToolCall(&bare); ok || err != nil {
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
	text, short := inference.TruncateTokens(strings.TrimSpace(req.ImageDescription+" "+g.prose()), limit)
	done := &inference.Completion{Text: text, FinishReason: inference.FinishStop}
	if short {
		done.FinishReason = inference.FinishLength
	}
	return done, nil
}

// wantedShape is the form of the JSON that the request asks for, nil for prose.
func wantedShape(req *inference.TextRequest) (*shapeNode, error) {
	if req.Format != nil && req.Format.Type == "json_schema" {
		return parseSchema(req.Format.Schema)
	}
	user, system := req.LastTail("user"), req.LastTail("system")
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
	for _, name := range keyName.FindAllString(text[m[2]:m[3]], inference.MaxArrayItems) {
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
	isValid := validatorOf(req.Format)
	budget := &inference.Budget{Remaining: inference.MaxBudget}
	for try := range inference.SchemaTries {
		again := *req
		again.Budget = budget
		again.Seed += int64(try) << 32
		text, err := fillShape(&again, node)
		if err != nil {
			return nil, err
		}
		if !isValid(text) {
			continue
		}
		done := &inference.Completion{Text: text, FinishReason: inference.FinishStop}
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
	for limit := inference.MaxArrayItems; limit >= 1; limit-- {
		g, err := NewGenerator(req)
		if err != nil {
			return "", err
		}
		g.maxElements = limit
		var b strings.Builder
		g.fill(&b, node, position{})
		if g.err != nil && text != "" {
			return text, nil // the complete one made before, with a higher limit
		}
		if g.err != nil {
			return "", g.err
		}
		text = b.String()
		if req.MaxTokens <= 0 || inference.CountTokens(text) <= req.MaxTokens {
			break
		}
		limit = min(limit, g.longestArray(node))
	}
	return text, nil
}

// longestArray is the largest element count of the arrays below node; a larger
// maxElements changes nothing.
func (g *generator) longestArray(node *shapeNode) int {
	longest := 0
	if node.kind == kindArray {
		longest = g.elementCount(node, position{})
	}
	for _, f := range node.fields {
		if f.node.kind == kindArray {
			longest = max(longest, g.elementCount(f.node, position{key: f.name}))
		}
		longest = max(longest, g.longestArray(f.node))
	}
	return longest
}
