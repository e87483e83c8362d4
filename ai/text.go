package ai

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// turn is one message of a conversation.
type turn struct{ Role, Content string }

// textRequest is one text generation, whatever API it came in by.
type textRequest struct {
	ctx       context.Context // of the caller; nil never ends
	raw       fields          // the inputs as they came, for a backend
	seeded    bool            // the inputs bring a seed
	live      bool            // the caller streams: pieces of a backend may come as they are made
	seen      string          // what the images among the inputs look like
	work      *work           // left for this answer; nil is a whole one
	model     string
	turns     []turn
	maxTokens int // 0 = not given
	seed      int64
	stream    bool
	format    *responseFormat
	tools     []tool
}

// responseFormat is JSON mode.
// https://developers.cloudflare.com/workers-ai/features/json-mode/
type responseFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"json_schema"`
}

func (r *textRequest) context() context.Context {
	if r.ctx == nil {
		return context.Background()
	}
	return r.ctx
}

// asked is the request as scripts see it.
func (r *textRequest) asked() *asked {
	q := &asked{model: r.model, task: taskText, user: r.last("user"), system: r.last("system"), turns: r.turns}
	for _, t := range r.tools {
		q.tools = append(q.tools, t.Name)
	}
	return q
}

// last is the content of the last message with role, or empty.
func (r *textRequest) last(role string) string {
	for i := len(r.turns) - 1; i >= 0; i-- {
		if r.turns[i].Role == role {
			return r.turns[i].Content
		}
	}
	return ""
}

// heard is what the generator reads of the last message with role.
func (r *textRequest) heard(role string) string {
	text := r.last(role)
	return text[max(0, len(text)-maxRead):]
}

// runText is the task Text Generation on Workers AI.
// https://developers.cloudflare.com/workers-ai/models/llama-2-7b-chat-int8/
func (m *Models) runText(ctx context.Context, known *Model, in fields) (*Answer, error) {
	if known.takes("input") && in.has("input") && !in.has("prompt") && !in.has("messages") {
		return m.runResponses(ctx, known, in)
	}
	req, err := parseText(known, in)
	if err != nil {
		return nil, err
	}
	req.ctx, req.live = ctx, req.stream
	done, err := m.complete(req)
	if err != nil {
		return nil, err
	}
	switch {
	case known.Shape == shapeChat && req.stream:
		return m.chatStream(chatWorkersAI, req, done), nil
	case known.Shape == shapeChat:
		return jsonAnswer(m.chatObject(chatWorkersAI, req, done), done.usage, done.source)
	case req.stream:
		return responseStream(req, done), nil
	}
	return jsonAnswer(responseObject(done), done.usage, done.source)
}

// responseObject is the answer of a model of the response family. In JSON mode
// response is an object, else a string.
func responseObject(done *completion) any {
	var response any = done.text
	if done.object != nil {
		response = done.object
	}
	return struct {
		Response  any        `json:"response"`
		ToolCalls []toolCall `json:"tool_calls,omitempty"`
		Usage     Usage      `json:"usage"`
	}{response, done.calls, done.usage}
}

// parseText checks the inputs: prompt or messages, never both.
func parseText(known *Model, in fields) (*textRequest, error) {
	req := &textRequest{model: known.Name}
	prompt, promptProblem := in.text("prompt", known.bounds("prompt"))
	if promptProblem == "" && !in.has("prompt") {
		promptProblem = missing("prompt")
	}
	turns, turnsProblem := parseTurns(in)
	shared := known.check(without(in, "prompt", "messages"))
	if options := req.parseOptions(in); shared == "" {
		shared = options
	}
	if shared != "" {
		promptProblem, turnsProblem = shared, shared
	}
	switch {
	case promptProblem == "" && turnsProblem == "":
		return nil, badInput("oneOf at '/' not met, 2 matches")
	case promptProblem == "":
		req.turns = []turn{{"user", prompt}}
	case turnsProblem == "":
		req.turns = turns
	case promptProblem == turnsProblem:
		return nil, badInput("oneOf at '/' not met, 0 matches: " + promptProblem)
	default:
		return nil, badInput("oneOf at '/' not met, 0 matches: " + promptProblem + ", " + turnsProblem)
	}
	if in.has("lora") && known.Properties["lora"] != "true" {
		return nil, errNoLoRA
	}
	if req.stream && req.format != nil && known.Shape == shapeResponse {
		return nil, errJSONStream
	}
	return req, nil
}

// parseTurns reads messages. An empty list counts as missing, as it does for
// Cloudflare's validator.
func parseTurns(in fields) (turns []turn, problem string) {
	if !in.has("messages") {
		return nil, missing("messages")
	}
	if !isType(in["messages"], "array") {
		return nil, mismatch("/messages", "array", in["messages"])
	}
	var items []json.RawMessage
	if json.Unmarshal(in["messages"], &items) != nil || len(items) == 0 {
		return nil, missing("messages")
	}
	for i, item := range items {
		t, problem := parseTurn(fmt.Sprintf("/messages/%d", i), item)
		if problem != "" {
			return nil, problem
		}
		turns = append(turns, t)
	}
	return turns, ""
}

func parseTurn(path string, item json.RawMessage) (t turn, problem string) {
	if !isType(item, "object") {
		return t, mismatch(path, "object", item)
	}
	var m struct {
		Role      json.RawMessage   `json:"role"`
		Content   json.RawMessage   `json:"content"`
		ToolCalls []json.RawMessage `json:"tool_calls"`
	}
	if json.Unmarshal(item, &m) != nil || m.Role == nil || m.Content == nil && m.ToolCalls == nil {
		return t, "required properties at '" + path + "' are 'role,content'"
	}
	if json.Unmarshal(m.Role, &t.Role) != nil {
		return t, mismatch(path+"/role", "string", m.Role)
	}
	if m.Content == nil || isType(m.Content, "null") { // an assistant's turn that only called tools
		return t, ""
	}
	if isType(m.Content, "string") {
		_ = json.Unmarshal(m.Content, &t.Content) // a string by its first byte, and the whole was parsed before
		return t, ""
	}
	var parts []struct{ Type, Text string }
	if json.Unmarshal(m.Content, &parts) != nil {
		return t, mismatch(path+"/content", "string", m.Content)
	}
	texts := make([]string, 0, len(parts))
	for _, p := range parts {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
	}
	t.Content = strings.Join(texts, "\n")
	return t, ""
}

// parseOptions reads what prompts and conversations share.
func (r *textRequest) parseOptions(in fields) (problem string) {
	r.raw = in
	ranges := []struct {
		name, kind string
		b          bounds
	}{
		{"max_tokens", "integer", bounds{open, open}}, {"max_completion_tokens", "integer", bounds{open, open}},
		{"seed", "integer", bounds{open, open}},
		{"temperature", "number", bounds{0, 5}}, {"top_p", "number", bounds{0, 2}}, {"top_k", "integer", bounds{open, open}},
		{"repetition_penalty", "number", bounds{0, 2}},
		{"frequency_penalty", "number", bounds{-2, 2}}, {"presence_penalty", "number", bounds{-2, 2}},
	}
	for _, field := range ranges {
		value, problem := in.number(field.name, field.kind, field.b, 0)
		if problem != "" {
			return problem
		}
		switch field.name {
		case "max_tokens", "max_completion_tokens":
			r.maxTokens = max(r.maxTokens, int(min(value, 1<<20)))
		case "seed":
			r.seed, r.seeded = int64(value), in.has("seed")
		}
	}
	if r.stream, problem = in.flag("stream"); problem != "" {
		return problem
	}
	if r.tools, problem = parseTools(in); problem != "" {
		return problem
	}
	return r.parseFormat(in)
}

func (r *textRequest) parseFormat(in fields) (problem string) {
	if !in.has("response_format") {
		return ""
	}
	var f responseFormat
	if !isType(in["response_format"], "object") || json.Unmarshal(in["response_format"], &f) != nil {
		return mismatch("/response_format", "object", in["response_format"])
	}
	switch f.Type {
	case "text", "":
		return ""
	case "json_object", "json_schema":
		r.format = &f
		return ""
	}
	return "enum " + strconv.Quote(f.Type)[1:len(strconv.Quote(f.Type))-1] + " not in json_object,json_schema at '/response_format/type'"
}
