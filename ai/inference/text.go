package inference

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Turn is one message of a conversation.
type Turn struct{ Role, Content string }

// TextRequest is one text generation, whatever API it came in by.
type TextRequest struct {
	Ctx              context.Context // of the caller; nil is context.Background
	Inputs           Fields          // as the caller sent them, for a backend
	HasSeed          bool            // Inputs hold a seed
	AcceptsLive      bool            // the caller streams: pieces of a backend may be passed on as they arrive
	ImageDescription string          // what the images among the inputs look like, as sentences
	Budget           *Budget         // what is left of it for this answer; nil is a full one
	Model            string
	Turns            []Turn
	MaxTokens        int // 0 = not given
	Seed             int64
	Stream           bool
	Format           *ResponseFormat
	Tools            []Tool
}

// ResponseFormat is response_format: JSON mode.
// https://developers.cloudflare.com/workers-ai/features/json-mode/
type ResponseFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"json_schema"`
}

// Context is the caller's, or context.Background.
func (r *TextRequest) Context() context.Context {
	if r.Ctx == nil {
		return context.Background()
	}
	return r.Ctx
}

// Last is the content of the last message with role, or empty.
func (r *TextRequest) Last(role string) string {
	for i := len(r.Turns) - 1; i >= 0; i-- {
		if r.Turns[i].Role == role {
			return r.Turns[i].Content
		}
	}
	return ""
}

// LastTail is the end of the last message with role: the at most MaxPromptRead
// bytes that the generator reads.
func (r *TextRequest) LastTail(role string) string {
	text := r.Last(role)
	return text[max(0, len(text)-MaxPromptRead):]
}

// ParseText checks the inputs of a text generation: prompt or messages, never both.
func ParseText(known *Model, in Fields) (*TextRequest, error) {
	req := &TextRequest{Model: known.Name}
	prompt, promptProblem := in.Text("prompt", known.bounds("prompt"))
	if promptProblem == "" && !in.Has("prompt") {
		promptProblem = Missing("prompt")
	}
	turns, turnsProblem := ParseTurns(in)
	shared := known.CheckInputs(without(in, "prompt", "messages"))
	if options := req.ParseOptions(in); shared == "" {
		shared = options
	}
	if shared != "" {
		promptProblem, turnsProblem = shared, shared
	}
	switch {
	case promptProblem == "" && turnsProblem == "":
		return nil, BadInput("oneOf at '/' not met, 2 matches")
	case promptProblem == "":
		req.Turns = []Turn{{"user", prompt}}
	case turnsProblem == "":
		req.Turns = turns
	case promptProblem == turnsProblem:
		return nil, BadInput("oneOf at '/' not met, 0 matches: " + promptProblem)
	default:
		return nil, BadInput("oneOf at '/' not met, 0 matches: " + promptProblem + ", " + turnsProblem)
	}
	if in.Has("lora") && known.Properties["lora"] != "true" {
		return nil, errNoLoRA
	}
	if req.Stream && req.Format != nil && known.Shape == ShapeResponse {
		return nil, errJSONStream
	}
	return req, nil
}

// ParseTurns reads messages. problem is Cloudflare's sentence for an input it refuses,
// empty when there is none. An empty list counts as missing, as it does for
// Cloudflare's validator.
func ParseTurns(in Fields) (turns []Turn, problem string) {
	if !in.Has("messages") {
		return nil, Missing("messages")
	}
	if !IsType(in["messages"], "array") {
		return nil, Mismatch("/messages", "array", in["messages"])
	}
	var items []json.RawMessage
	if json.Unmarshal(in["messages"], &items) != nil || len(items) == 0 {
		return nil, Missing("messages")
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

func parseTurn(path string, item json.RawMessage) (t Turn, problem string) {
	if !IsType(item, "object") {
		return t, Mismatch(path, "object", item)
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
		return t, Mismatch(path+"/role", "string", m.Role)
	}
	if m.Content == nil || IsType(m.Content, "null") { // an assistant's turn that only called tools
		return t, ""
	}
	if IsType(m.Content, "string") {
		_ = json.Unmarshal(m.Content, &t.Content) // a string by its first byte, and the whole was parsed before
		return t, ""
	}
	var parts []struct{ Type, Text string }
	if json.Unmarshal(m.Content, &parts) != nil {
		return t, Mismatch(path+"/content", "string", m.Content)
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

// ParseOptions reads the options that prompts and conversations share: sampling,
// stream, tools, response_format.
func (r *TextRequest) ParseOptions(in Fields) (problem string) {
	r.Inputs = in
	ranges := []struct {
		name, kind string
		b          Bounds
	}{
		{"max_tokens", "integer", Bounds{Unbounded, Unbounded}}, {"max_completion_tokens", "integer", Bounds{Unbounded, Unbounded}},
		{"seed", "integer", Bounds{Unbounded, Unbounded}},
		{"temperature", "number", Bounds{0, 5}}, {"top_p", "number", Bounds{0, 2}}, {"top_k", "integer", Bounds{Unbounded, Unbounded}},
		{"repetition_penalty", "number", Bounds{0, 2}},
		{"frequency_penalty", "number", Bounds{-2, 2}}, {"presence_penalty", "number", Bounds{-2, 2}},
	}
	for _, field := range ranges {
		value, problem := in.Number(field.name, field.kind, field.b, 0)
		if problem != "" {
			return problem
		}
		switch field.name {
		case "max_tokens", "max_completion_tokens":
			r.MaxTokens = max(r.MaxTokens, int(min(value, 1<<20)))
		case "seed":
			r.Seed, r.HasSeed = int64(value), in.Has("seed")
		}
	}
	if r.Stream, problem = in.Flag("stream"); problem != "" {
		return problem
	}
	if r.Tools, problem = parseTools(in); problem != "" {
		return problem
	}
	return r.parseFormat(in)
}

func (r *TextRequest) parseFormat(in Fields) (problem string) {
	if !in.Has("response_format") {
		return ""
	}
	var f ResponseFormat
	if !IsType(in["response_format"], "object") || json.Unmarshal(in["response_format"], &f) != nil {
		return Mismatch("/response_format", "object", in["response_format"])
	}
	switch f.Type {
	case "text", "":
		return ""
	case "json_object", "json_schema":
		r.Format = &f
		return ""
	}
	return "enum " + strconv.Quote(f.Type)[1:len(strconv.Quote(f.Type))-1] + " not in json_object,json_schema at '/response_format/type'"
}

// Random is seeded by model, turns, schema and seed: the same request makes the
// same choices.
func (r *TextRequest) Random() *rand.Rand {
	h := fnv.New64a()
	write := func(s string) { h.Write([]byte(s)); h.Write([]byte{0}) }
	write(r.Model)
	for _, t := range r.Turns {
		write(t.Role)
		write(t.Content)
	}
	if r.Format != nil {
		write(string(r.Format.Schema))
	}
	write(strconv.FormatInt(r.Seed, 10))
	return rand.New(rand.NewPCG(h.Sum64(), 0x666c696e74))
}
