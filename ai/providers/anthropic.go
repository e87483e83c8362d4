package providers

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// anthropic is Anthropic's API: https://docs.anthropic.com/en/api/messages
func (srv *Server) anthropic() *provider {
	return &provider{server: srv, name: "Anthropic", hasKey: anthropicKey, errorBody: anthropicError, before: anthropicBegin, routes: []route{
		{http.MethodPost, "/v1/messages", (*provider).createMessage},
		{http.MethodPost, "/v1/messages/count_tokens", (*provider).countTokens},
		{http.MethodGet, "/v1/models", anthropicModels},
		{http.MethodGet, "/v1/models/*", anthropicModel},
	}}
}

func anthropicKey(r *http.Request) bool { return r.Header.Get("X-Api-Key") != "" || hasBearerToken(r) }

func anthropicBegin(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Request-Id", "req_"+strings.ReplaceAll(RequestID(), "-", ""))
	if r.Header.Get("Anthropic-Version") == "" {
		return cferr.New(http.StatusBadRequest, 0, "anthropic-version: header is required")
	}
	return nil
}

// messageBody is the answer of POST /v1/messages.
type messageBody struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Role         string         `json:"role"`
	Model        string         `json:"model"`
	Content      []block        `json:"content"`
	StopReason   *string        `json:"stop_reason"`
	StopSequence *string        `json:"stop_sequence"`
	Usage        anthropicUsage `json:"usage"`
}

type anthropicUsage struct {
	Input  int `json:"input_tokens"`
	Create int `json:"cache_creation_input_tokens"`
	Read   int `json:"cache_read_input_tokens"`
	Output int `json:"output_tokens"`
}

func (p *provider) createMessage(w http.ResponseWriter, r *http.Request, _ string) error {
	in, err := CallFields(w, r)
	if err != nil {
		return err
	}
	if !in.Has("max_tokens") {
		return cferr.New(http.StatusBadRequest, 0, "max_tokens: Field required")
	}
	chat, err := p.fromAnthropic(in)
	if err != nil {
		return err
	}
	req, done, err := p.completeChat(r, inference.InputText(in, "model"), chat)
	if err != nil {
		return err
	}
	if req.Stream {
		Send(r.Context(), messageStream(req, done), w)
		return nil
	}
	answer, err := inference.JSONAnswer(anthropicMessage(req, done), done.Usage, done.Source)
	if err != nil {
		return err
	}
	Send(r.Context(), answer, w)
	return nil
}

// fromAnthropic turns a request into the inputs of a chat completion.
func (p *provider) fromAnthropic(in inference.Fields) (inference.Fields, error) {
	model := inference.InputText(in, "model")
	if model == "" {
		return nil, cferr.New(http.StatusBadRequest, 0, "model: Field required")
	}
	if !knownModels().Anthropic.knows(model) {
		return nil, cferr.New(http.StatusNotFound, 0, "model: "+model)
	}
	for name, what := range map[string]string{"thinking": "thinking", "mcp_servers": "MCP servers", "container": "containers"} {
		var off struct{ Type string }
		if _ = json.Unmarshal(in[name], &off); in.Has(name) && off.Type != "disabled" && off.Type != "adaptive" {
			return nil, p.notServed(what)
		}
	}
	out := inference.Fields{}
	for _, name := range []string{"max_tokens", "stream", "temperature", "top_p", "tool_choice"} {
		if in.Has(name) {
			out[name] = in[name]
		}
	}
	messages, err := anthropicTurns(in)
	if err != nil {
		return nil, err
	}
	out.Put("messages", messages)
	if err := p.anthropicTools(in, out); err != nil {
		return nil, err
	}
	var config struct {
		Format struct {
			Type   string
			Schema json.RawMessage
		}
	}
	if _ = json.Unmarshal(in["output_config"], &config); config.Format.Type == "json_schema" {
		out.Put("response_format", map[string]any{"type": "json_schema", "json_schema": config.Format.Schema})
	}
	return out, nil
}

func (p *provider) anthropicTools(in, out inference.Fields) error {
	if !in.Has("tools") {
		return nil
	}
	var tools []struct {
		Type, Name, Description string
		Schema                  json.RawMessage `json:"input_schema"`
	}
	if json.Unmarshal(in["tools"], &tools) != nil {
		return cferr.New(http.StatusBadRequest, 0, "tools: Input should be a valid list")
	}
	list := []map[string]any{}
	for _, t := range tools {
		if t.Type != "" && t.Type != "custom" {
			return p.notServed("the tool " + t.Type)
		}
		list = append(list, map[string]any{"type": "function", "function": map[string]any{"name": t.Name, "description": t.Description, "parameters": t.Schema}})
	}
	out.Put("tools", list)
	return nil
}

// anthropicTurns reads system and messages.
func anthropicTurns(in inference.Fields) ([]chatInput, error) {
	var out []chatInput
	if in.Has("system") {
		blocks, err := blocksOf("system", in["system"])
		if err != nil {
			return nil, err
		}
		out = append(out, chatInput{Role: "system", Content: textsOf(blocks)})
	}
	var messages []struct {
		Role    string
		Content json.RawMessage
	}
	if json.Unmarshal(in["messages"], &messages) != nil || len(messages) == 0 {
		return nil, cferr.New(http.StatusBadRequest, 0, "messages: Field required")
	}
	for i, m := range messages {
		if !slices.Contains([]string{"user", "assistant", "system"}, m.Role) {
			return nil, cferr.Newf(http.StatusBadRequest, 0, "messages.%d.role: Input should be 'user' or 'assistant'", i)
		}
		blocks, err := blocksOf(fmt.Sprintf("messages.%d.content", i), m.Content)
		if err != nil {
			return nil, err
		}
		out = append(out, anthropicTurn(m.Role, blocks)...)
	}
	return out, nil
}

// anthropicTurn is one message as turns of a chat: each tool result is a turn of its own.
func anthropicTurn(role string, blocks []block) (out []chatInput) {
	message := chatInput{Role: role, Content: contentOf(blocks)}
	for _, b := range blocks {
		switch b.Type {
		case "tool_use":
			message.ToolCalls = append(message.ToolCalls, chatToolCall{ID: b.ID, Type: "function", Function: chatFunction{b.Name, string(b.Input)}})
		case "tool_result":
			content, _ := blocksOf("", b.Content) // content without text is empty
			out = append(out, chatInput{Role: "tool", Content: textsOf(content), ToolCallID: b.UseID})
		}
	}
	if message.Content != "" || message.ToolCalls != nil || len(out) == 0 {
		out = append(out, message)
	}
	return out
}

func anthropicMessage(req *inference.TextRequest, done *inference.Completion) *messageBody {
	h := fnv.New64a()
	for _, t := range req.Turns {
		h.Write([]byte(t.Role + "\x00" + t.Content + "\x00"))
	}
	h.Write([]byte(req.Model))
	out := &messageBody{ID: fmt.Sprintf("msg_flint%016x", h.Sum64()), Type: "message", Role: "assistant", Model: req.Model, Content: []block{},
		Usage: anthropicUsage{Input: done.Usage.PromptTokens, Output: done.Usage.CompletionTokens}}
	if done.Text != "" || len(done.Calls) == 0 {
		out.Content = append(out.Content, block{Type: "text", Text: &done.Text})
	}
	for i, c := range done.Calls {
		out.Content = append(out.Content, block{Type: "tool_use", ID: fmt.Sprintf("toolu_flint%016x%d", h.Sum64(), i+1), Name: c.Name, Input: c.Arguments})
	}
	reason := map[string]string{inference.FinishLength: "max_tokens", inference.FinishTools: "tool_use"}[done.FinishReason]
	if reason == "" {
		reason = "end_turn"
	}
	out.StopReason = &reason
	return out
}

// countTokens answers POST /v1/messages/count_tokens.
func (p *provider) countTokens(w http.ResponseWriter, r *http.Request, _ string) error {
	in, err := CallFields(w, r)
	if err != nil {
		return err
	}
	chat, err := p.fromAnthropic(in)
	if err != nil {
		return err
	}
	turns, problem := inference.ParseTurns(chat)
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	tokens := inference.CountTokens(string(chat["tools"]))
	for _, t := range turns {
		tokens += inference.CountTokens(t.Content) + 4 // as usage counts them
	}
	return writeAnswer(w, map[string]int{"input_tokens": tokens})
}

type anthropicModelInfo struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
}

func anthropicInfo(name string) anthropicModelInfo {
	return anthropicModelInfo{"model", name, name, "2025-01-01T00:00:00Z"}
}

func anthropicModels(_ *provider, w http.ResponseWriter, _ *http.Request, _ string) error {
	list := []anthropicModelInfo{}
	for _, name := range knownModels().Anthropic.Models {
		list = append(list, anthropicInfo(name))
	}
	var first, last any
	if len(list) > 0 {
		first, last = list[0].ID, list[len(list)-1].ID
	}
	return writeAnswer(w, map[string]any{"data": list, "has_more": false, "first_id": first, "last_id": last})
}

func anthropicModel(_ *provider, w http.ResponseWriter, _ *http.Request, name string) error {
	if !slices.Contains(knownModels().Anthropic.Models, name) {
		return cferr.New(http.StatusNotFound, 0, "model: "+name)
	}
	return writeAnswer(w, anthropicInfo(name))
}

// anthropicError is the shape of every error of the API.
// https://docs.anthropic.com/en/api/errors
func anthropicError(w http.ResponseWriter, e *cferr.Error) any {
	message := e.Message
	kind := map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
		413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error",
	}[e.Status]
	if kind == "" {
		kind = "api_error"
	}
	if e.Status == http.StatusUnauthorized && message == "" {
		message = "x-api-key header is required"
	}
	return map[string]any{"type": "error", "error": map[string]string{"type": kind, "message": message}, "request_id": w.Header().Get("Request-Id")}
}
