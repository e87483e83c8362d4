package generate

import (
	"encoding/json"
	"regexp"
	"strings"

	"flint/ai/inference"
)

var nameParts = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)

// generateCall asks for the first tool that the user's last message names, in
// full or by one telling word of its name. After a tool has answered it asks no more.
func generateCall(req *inference.TextRequest) (*inference.Completion, bool, error) {
	if len(req.Tools) == 0 || len(req.Turns) == 0 || req.Turns[len(req.Turns)-1].Role == "tool" {
		return nil, false, nil
	}
	asked := strings.ToLower(req.Last("user"))
	for _, t := range req.Tools {
		if !namesTool(asked, t.Name) {
			continue
		}
		arguments, err := ToolArguments(req, t)
		if err != nil {
			return nil, false, err
		}
		return &inference.Completion{Calls: []inference.ToolCall{{Name: t.Name, Arguments: arguments}}, Finish: inference.FinishTools}, true, nil
	}
	return nil, false, nil
}

func namesTool(asked, name string) bool {
	if strings.Contains(asked, strings.ToLower(name)) {
		return true
	}
	for _, part := range nameParts.FindAllString(name, -1) {
		part = strings.ToLower(part)
		if len(part) > 3 && !inference.StopWords[part] && strings.Contains(asked, part) {
			return true
		}
	}
	return false
}

// ToolArguments makes arguments for a call of t, by the schema of its parameters.
func ToolArguments(req *inference.TextRequest, t inference.Tool) (json.RawMessage, error) {
	node := &shapeNode{kind: kindObject}
	if len(t.Parameters) > 0 {
		var err error
		if node, err = parseSchema(t.Parameters); err != nil {
			return nil, err
		}
	}
	g, err := NewGenerator(req)
	if err != nil {
		return nil, err
	}
	g.limit, g.calling = inference.MaxItems, true
	var b strings.Builder
	g.fill(&b, node, place{})
	return json.RawMessage(b.String()), g.err
}
