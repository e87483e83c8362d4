package ai

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"

	"flint/internal/cferr"
)

// responses answers POST …/responses.
// https://platform.openai.com/docs/api-reference/responses/create
func (p *provider) responses(w http.ResponseWriter, r *http.Request, _ string) error {
	in, err := callFields(w, r)
	if err != nil {
		return err
	}
	model := inputText(in, "model")
	if err := openAIText(p, model); err != nil {
		return err
	}
	chat, err := p.fromResponses(in)
	if err != nil {
		return err
	}
	req, done, err := p.ask(r, model, chat)
	if err != nil {
		return err
	}
	build := func() *response { return p.responseOf(req, done, in) }
	if req.stream {
		responseEvents(build, done).send(r.Context(), w)
		return nil
	}
	answer, err := jsonAnswer(build(), done.usage, done.source)
	if err != nil {
		return err
	}
	answer.send(r.Context(), w)
	return nil
}

// fromResponses turns a request into the inputs of a chat completion.
func (p *provider) fromResponses(in fields) (fields, error) {
	for name, what := range map[string]string{
		"previous_response_id": "previous_response_id (flint keeps no responses)", "conversation": "conversations", "background": "background responses", "prompt": "stored prompts",
	} {
		if asksFor(in, name) {
			return nil, p.notServed(what)
		}
	}
	out := fields{}
	for from, to := range map[string]string{"max_output_tokens": "max_tokens", "stream": "stream", "temperature": "temperature", "top_p": "top_p", "tool_choice": "tool_choice"} {
		if in.has(from) {
			out[to] = in[from]
		}
	}
	messages, err := p.responseTurns(in)
	if err != nil {
		return nil, err
	}
	out.put("messages", messages)
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
		out.put("response_format", map[string]any{"type": "json_schema", "json_schema": config.Format.Schema})
	case "json_object":
		out.put("response_format", map[string]any{"type": "json_object"})
	}
	return out, nil
}

func (p *provider) responseTools(in, out fields) error {
	if !in.has("tools") {
		return nil
	}
	var tools []struct {
		Type        string          `json:"type"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(in["tools"], &tools) != nil {
		return cferr.New(http.StatusBadRequest, 0, mismatch("/tools", "array", in["tools"]))
	}
	list := []map[string]any{}
	for _, t := range tools {
		if t.Type != "function" {
			return p.notServed("the tool " + t.Type)
		}
		list = append(list, map[string]any{"type": "function", "function": map[string]any{"name": t.Name, "description": t.Description, "parameters": t.Parameters}})
	}
	out.put("tools", list)
	return nil
}

// responseTurns reads instructions and input.
func (p *provider) responseTurns(in fields) ([]chatInput, error) {
	var out []chatInput
	if in.has("instructions") {
		out = append(out, chatInput{Role: "system", Content: inputText(in, "instructions")})
	}
	var one string
	if json.Unmarshal(in["input"], &one) == nil && in.has("input") {
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
		return nil, cferr.New(http.StatusBadRequest, codeIncomplete, "Missing required parameter: 'input'.")
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
			blocks, _ := blocksOf("", item.Output) // what is no text says nothing
			out = append(out, chatInput{Role: "tool", Content: textsOf(blocks), ToolCallID: item.CallID})
		case "reasoning": // of an earlier answer
		default:
			return nil, p.notServed("input items of type " + item.Type)
		}
	}
	return out, nil
}

// response is the answer of POST …/responses.
type response struct {
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

func (p *provider) responseOf(req *textRequest, done *completion, in fields) *response {
	h := fnv.New64a()
	for _, t := range req.turns {
		h.Write([]byte(t.Role + "\x00" + t.Content + "\x00"))
	}
	h.Write([]byte(req.model))
	id := fmt.Sprintf("%016x", h.Sum64())
	out := &response{
		ID: "resp_" + id, Object: "response", CreatedAt: p.models.clock.Now().Unix(), Status: "completed", Model: req.model, Output: []responseItem{},
		Parallel: true, ToolChoice: orElse(in["tool_choice"], `"auto"`), Tools: orElse(in["tools"], "[]"), Text: orElse(in["text"], `{"format":{"type":"text"}}`),
		Usage:    &responseUsage{done.usage.PromptTokens, map[string]int{"cached_tokens": 0}, done.usage.CompletionTokens, map[string]int{"reasoning_tokens": 0}, done.usage.TotalTokens},
		Metadata: map[string]any{},
	}
	if done.finish == finishLength {
		out.Status, out.Incomplete = "incomplete", map[string]string{"reason": "max_output_tokens"}
	}
	if done.text != "" || len(done.calls) == 0 {
		part := responsePart{"output_text", done.text, []any{}}
		out.Output = append(out.Output, responseItem{Type: "message", ID: "msg_" + id, Status: out.Status, Role: "assistant", Content: []responsePart{part}})
	}
	for i, c := range done.calls {
		arguments := string(c.Arguments)
		out.Output = append(out.Output, responseItem{Type: "function_call", ID: fmt.Sprintf("fc_%s%d", id, i), Status: "completed",
			CallID: fmt.Sprintf("call_%s%d", id, i), Name: c.Name, Arguments: &arguments})
	}
	return out
}

func orElse(raw json.RawMessage, otherwise string) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage(otherwise)
	}
	return raw
}

// runResponses is a run of a model that takes the Responses API's inputs too:
// input, instructions, reasoning.
// https://developers.cloudflare.com/workers-ai/models/gpt-oss-120b/
func (m *Models) runResponses(ctx context.Context, known *Model, in fields) (*Answer, error) {
	p := m.compat("", nil)
	if problem := known.check(in); problem != "" {
		return nil, badInput(problem)
	}
	chat, err := p.fromResponses(in)
	if err != nil {
		return nil, err
	}
	req, err := parseText(known, chat)
	if err != nil {
		return nil, err
	}
	req.ctx, req.live = ctx, req.stream
	done, err := m.complete(req)
	if err != nil {
		return nil, err
	}
	build := func() *response { return p.responseOf(req, done, in) }
	if req.stream {
		return responseEvents(build, done), nil
	}
	return jsonAnswer(build(), done.usage, done.source)
}
