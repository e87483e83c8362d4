package inference

import "encoding/json"

// Tool is a function that the model may call, in either form that Workers AI
// takes: {name, parameters} or {type: "function", function: {…}}.
// https://developers.cloudflare.com/workers-ai/features/function-calling/
type Tool struct {
	Name       string          `json:"name"`
	Parameters json.RawMessage `json:"parameters"`
}

// ToolCall is a call of a tool that the model asks the caller to make.
type ToolCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

func parseTools(in Fields) (tools []Tool, problem string) {
	if !in.Has("tools") {
		return nil, ""
	}
	var items []struct {
		Tool
		Function *Tool `json:"function"`
	}
	if json.Unmarshal(in["tools"], &items) != nil {
		return nil, Mismatch("/tools", "array", in["tools"])
	}
	for _, item := range items {
		if item.Function != nil {
			item.Tool = *item.Function
		}
		if item.Name == "" {
			return nil, "required properties at '/tools' are 'name,description,parameters'"
		}
		tools = append(tools, item.Tool)
	}
	return tools, ""
}
