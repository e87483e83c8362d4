package providers

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// createResponse answers POST …/responses.
// https://platform.openai.com/docs/api-reference/responses/create
func (p *provider) createResponse(w http.ResponseWriter, r *http.Request, _ string) error {
	in, err := CallFields(w, r)
	if err != nil {
		return err
	}
	model := inference.InputText(in, "model")
	if err := checkOpenAIModel(p, model); err != nil {
		return err
	}
	chat, err := p.fromResponses(in)
	if err != nil {
		return err
	}
	req, done, err := p.completeChat(r, model, chat)
	if err != nil {
		return err
	}
	build := func() *Response { return p.responseOf(req, done, in) }
	if req.Stream {
		Send(r.Context(), responseEvents(build, done), w)
		return nil
	}
	answer, err := inference.JSONAnswer(build(), done.Usage, done.Source)
	if err != nil {
		return err
	}
	Send(r.Context(), answer, w)
	return nil
}

// fromResponses turns a request into the inputs of a chat completion.
func (p *provider) fromResponses(in inference.Fields) (inference.Fields, error) {
	for name, what := range map[string]string{
		"previous_response_id": "previous_response_id (flint keeps no responses)", "conversation": "conversations", "background": "background responses", "prompt": "stored prompts",
	} {
		if isRequested(in, name) {
			return nil, p.notServed(what)
		}
	}
	out := inference.Fields{}
	for from, to := range map[string]string{"max_output_tokens": "max_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p", "tool_choice": "tool_choice"} {
		if in.Has(from) {
			out[to] = in[from]
		}
	}
	messages, err := p.responseTurns(in)
	if err != nil {
		return nil, err
	}
	out.Put("messages", messages)
	if err := p.responseTools(in, out); err != nil {
		return nil, err
	}
	var config struct {
		Format struct {
			Type   string          `json:"type"`
			Schema json.RawMessage `json:"schema"`
		} `json:"format"`
	}
	_ = json.Unmarshal(in["text"], &config) // anything else asks for text
	switch config.Format.Type {
	case "json_schema":
		out.Put("response_format", map[string]any{"type": "json_schema", "json_schema": config.Format.Schema})
	case "json_object":
		out.Put("response_format", map[string]any{"type": "json_object"})
	}
	return out, nil
}

func (p *provider) responseTools(in, out inference.Fields) error {
	if !in.Has("tools") {
		return nil
	}
	var tools []struct {
		Type        string          `json:"type"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(in["tools"], &tools) != nil {
		return cferr.New(http.StatusBadRequest, 0, inference.Mismatch("/tools", "array", in["tools"]))
	}
	list := []map[string]any{}
	for _, t := range tools {
		if t.Type != "function" {
			return p.notServed("the tool " + t.Type)
		}
		list = append(list, map[string]any{"type": "function", "function": map[string]any{"name": t.Name, "description": t.Description, "parameters": t.Parameters}})
	}
	out.Put("tools", list)
	return nil
}

// responseTurns reads instructions and input.
func (p *provider) responseTurns(in inference.Fields) ([]chatInput, error) {
	var out []chatInput
	if in.Has("instructions") {
		out = append(out, chatInput{Role: "system", Content: inference.InputText(in, "instructions")})
	}
	var one string
	if json.Unmarshal(in["input"], &one) == nil && in.Has("input") {
		return append(out, chatInput{Role: "user", Content: one}), nil
	}
	var items []struct {
		Type      string          `json:"type"`
		Role      string          `json:"role"`
		Content   json.RawMessage `json:"content"`
		CallID    string          `json:"call_id"`
		Name      string          `json:"name"`
		Arguments string          `json:"arguments"`
		Output    json.RawMessage `json:"output"`
	}
	if json.Unmarshal(in["input"], &items) != nil || len(items) == 0 {
		return nil, cferr.New(http.StatusBadRequest, inference.CodeIncomplete, "Missing required parameter: 'input'.")
	}
	for i, item := range items {
		switch item.Type {
		case "", "message":
			blocks, err := blocksOf(fmt.Sprintf("input[%d].content", i), item.Content)
			if err != nil {
				return nil, err
			}
			role := item.Role
			if role == "developer" {
				role = "system"
			}
			out = append(out, chatInput{Role: role, Content: contentOf(blocks)})
		case "function_call":
			out = append(out, chatInput{Role: "assistant", ToolCalls: []chatToolCall{{ID: item.CallID, Type: "function", Function: chatFunction{item.Name, item.Arguments}}}})
		case "function_call_output":
			blocks, _ := blocksOf("", item.Output) // content without text is empty
			out = append(out, chatInput{Role: "tool", Content: textsOf(blocks), ToolCallID: item.CallID})
		case "reasoning": // of an earlier answer
		default:
			return nil, p.notServed("input items of type " + item.Type)
		}
	}
	return out, nil
}

// Response is the answer of POST …/responses.
type Response struct {
	ID         string         `json:"id"`
	Object     string         `json:"object"`
	CreatedAt  int64          `json:"created_at"`
	Status     string         `json:"status"`
	Error      any            `json:"error"`
	Incomplete any            `json:"incomplete_details"`
	Model      string         `json:"model"`
	Output     []responseItem `json:"output"`
	Parallel   bool           `json:"parallel_tool_calls"`
	ToolChoice any            `json:"tool_choice"`
	Tools      any            `json:"tools"`
	Text       any            `json:"text"`
	Usage      *responseUsage `json:"usage"`
	Metadata   map[string]any `json:"metadata"`
}

type responseItem struct {
	Type      string         `json:"type"`
	ID        string         `json:"id"`
	Status    string         `json:"status"`
	Role      string         `json:"role,omitempty"`
	Content   []responsePart `json:"content,omitempty"`
	CallID    string         `json:"call_id,omitempty"`
	Name      string         `json:"name,omitempty"`
	Arguments *string        `json:"arguments,omitempty"`
}

type responsePart struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	Annotations []any  `json:"annotations"`
}

type responseUsage struct {
	Input        int            `json:"input_tokens"`
	InputDetail  map[string]int `json:"input_tokens_details"`
	Output       int            `json:"output_tokens"`
	OutputDetail map[string]int `json:"output_tokens_details"`
	Total        int            `json:"total_tokens"`
}

func (p *provider) responseOf(req *inference.TextRequest, done *inference.Completion, in inference.Fields) *Response {
	h := fnv.New64a()
	for _, t := range req.Turns {
		h.Write([]byte(t.Role + "\x00" + t.Content + "\x00"))
	}
	h.Write([]byte(req.Model))
	id := fmt.Sprintf("%016x", h.Sum64())
	out := &Response{
		ID: "resp_" + id, Object: "response", CreatedAt: p.server.clock.Now().Unix(), Status: "completed", Model: req.Model, Output: []responseItem{},
		Parallel: true, ToolChoice: rawOr(in["tool_choice"], `"auto"`), Tools: rawOr(in["tools"], "[]"), Text: rawOr(in["text"], `{"format":{"type":"text"}}`),
		Usage:    &responseUsage{done.Usage.PromptTokens, map[string]int{"cached_tokens": 0}, done.Usage.CompletionTokens, map[string]int{"reasoning_tokens": 0}, done.Usage.TotalTokens},
		Metadata: map[string]any{},
	}
	if done.FinishReason == inference.FinishLength {
		out.Status, out.Incomplete = "incomplete", map[string]string{"reason": "max_output_tokens"}
	}
	if done.Text != "" || len(done.Calls) == 0 {
		part := responsePart{"output_text", done.Text, []any{}}
		out.Output = append(out.Output, responseItem{Type: "message", ID: "msg_" + id, Status: out.Status, Role: "assistant", Content: []responsePart{part}})
	}
	for i, c := range done.Calls {
		arguments := string(c.Arguments)
		out.Output = append(out.Output, responseItem{Type: "function_call", ID: fmt.Sprintf("fc_%s%d", id, i), Status: "completed",
			CallID: fmt.Sprintf("call_%s%d", id, i), Name: c.Name, Arguments: &arguments})
	}
	return out
}

func rawOr(raw json.RawMessage, fallback string) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage(fallback)
	}
	return raw
}
