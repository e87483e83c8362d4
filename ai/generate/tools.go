package generate

import (
	"encoding/json"
	"regexp"
	"strings"

	"flint/ai/inference"
)

var nameParts = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)

// generateToolCall calls the first tool that the user's last message names, in
// full or by one word of its name. It calls none after the result of a tool.
func generateToolCall(req *inference.TextRequest) (*inference.Completion, bool, error) {
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
		return &inference.Completion{Calls: []inference.ToolCall{{Name: t.Name, Arguments: arguments}}, FinishReason: inference.FinishTools}, true, nil
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
	g.maxElements, g.isToolCall = inference.MaxArrayItems, true
	var b strings.Builder
	g.fill(&b, node, position{})
	return json.RawMessage(b.String()), g.err
}
