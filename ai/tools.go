package ai

import (
	"encoding/json"
	"regexp"
	"strings"
)

// tool is a function that the model may ask for, in either form that Workers AI
// takes: {name, parameters} or {type: "function", function: {…}}.
// https://developers.cloudflare.com/workers-ai/features/function-calling/
type tool struct {
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
}

// toolCall is a function that the model asks for.
type toolCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

func parseTools(in fields) (tools []tool, problem string) {
	if !in.has("tools") {
		return nil, ""
	}
	var items []struct {
		tool
		Function *tool `json:"function"`
	}
	if json.Unmarshal(in["tools"], &items) != nil {
		return nil, mismatch("/tools", "array", in["tools"])
	}
	for _, item := range items {
		if item.Function != nil {
			item.tool = *item.Function
		}
		if item.Name == "" {
			return nil, "required properties at '/tools' are 'name,description,parameters'"
		}
		tools = append(tools, item.tool)
	}
	return tools, ""
}

var nameParts = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)

// generateCall asks for the first tool that the user's last message names, in
// full or by one telling word of its name. After a tool has answered it asks no more.
func generateCall(req *textRequest) (*completion, bool, error) {
	if len(req.tools) == 0 || len(req.turns) == 0 || req.turns[len(req.turns)-1].Role == "tool" {
		return nil, false, nil
	}
	asked := strings.ToLower(req.last("user"))
	for _, t := range req.tools {
		if !namesTool(asked, t.Name) {
			continue
		}
		arguments, err := toolArguments(req, t)
		if err != nil {
			return nil, false, err
		}
		return &completion{calls: []toolCall{{t.Name, arguments}}, finish: finishTools}, true, nil
	}
	return nil, false, nil
}

func namesTool(asked, name string) bool {
	if strings.Contains(asked, strings.ToLower(name)) {
		return true
	}
	for _, part := range nameParts.FindAllString(name, -1) {
		part = strings.ToLower(part)
		if len(part) > 3 && !stopWords[part] && strings.Contains(asked, part) {
			return true
		}
	}
	return false
}

func toolArguments(req *textRequest, t tool) (json.RawMessage, error) {
	node := &shapeNode{kind: kindObject}
	if len(t.Parameters) > 0 {
		var err error
		if node, err = parseSchema(t.Parameters); err != nil {
			return nil, err
		}
	}
	g, err := newGenerator(req)
	if err != nil {
		return nil, err
	}
	g.limit, g.calling = maxItems, true
	var b strings.Builder
	g.fill(&b, node, place{})
	return json.RawMessage(b.String()), g.err
}
