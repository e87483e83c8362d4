package ai

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
	"flint/internal/clock"
)

const (
	llama = "@cf/meta/llama-2-7b-chat-int8"
	qwen  = "@cf/qwen/qwen3-30b-a3b-fp8"
	sdxl  = "@cf/stabilityai/stable-diffusion-xl-base-1.0"
)

func openModels(t *testing.T, scripts ...string) *Models {
	t.Helper()
	m, err := Open(Options{Clock: clock.NewFrozen(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), Scripts: scripts})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run asks for a JSON answer and decodes it.
func run[T any](t *testing.T, m *Models, model, inputs string) T {
	t.Helper()
	a, err := m.Run(t.Context(), model, json.RawMessage(inputs), inference.RunOptions{})
	if err != nil {
		t.Fatalf("%s: %v", inputs, err)
	}
	var out T
	if a.ContentType != "application/json" {
		t.Fatalf("content type %q", a.ContentType)
	}
	if err := json.Unmarshal(a.Body, &out); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	return out
}

type textResponse struct {
	Response any
	Usage    inference.Usage
	Calls    []inference.ToolCall `json:"tool_calls"`
}

func askPrompt(t *testing.T, m *Models, prompt string) string {
	t.Helper()
	in, _ := json.Marshal(map[string]any{"prompt": prompt})
	out := run[textResponse](t, m, llama, string(in))
	text, ok := out.Response.(string)
	if !ok {
		t.Fatalf("response is %T", out.Response)
	}
	return text
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	c, err := inference.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Models) < 80 {
		t.Errorf("%d models", len(c.Models))
	}
	for name, want := range map[string]inference.Model{
		llama: {Task: "Text Generation", Shape: "response"}, qwen: {Task: "Text Generation", Shape: "chat"},
		sdxl: {Task: "Text-to-Image", Shape: "png"}, "@cf/leonardo/phoenix-1.0": {Task: "Text-to-Image", Shape: "jpeg"},
		"@cf/black-forest-labs/flux-1-schnell": {Task: "Text-to-Image", Shape: "base64"},
		"@cf/baai/bge-base-en-v1.5":            {Task: "Text Embeddings", Shape: "embedding", Dims: 768},
	} {
		want.Name = name
		got, err := inference.Lookup(name)
		if err != nil || got.Name != want.Name || got.Task != want.Task || got.Shape != want.Shape || got.Dims != want.Dims {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for _, c := range []struct {
		name, model, in string
		opt             inference.RunOptions
		code, status    int
		message         string
	}{
		{name: "slip", model: "@cf/meta/llama-2-7b-chat-int9", in: `{"prompt":"x"}`, code: 5007, status: 400, message: "No such model @cf/meta/llama-2-7b-chat-int9 or task (did you mean " + llama + "?)"},
		{name: "author left out", model: "whisper", code: 5007, status: 400, message: "No such model whisper or task (did you mean @cf/openai/whisper?)"},
		{name: "end left out", model: "@cf/meta/lama-3-8b", in: `{"prompt":"x"}`, code: 5007, status: 400, message: "No such model @cf/meta/lama-3-8b or task (did you mean @cf/meta/llama-3-8b-instruct?)"},
		{name: "nothing near", model: "gpt", code: 5007, status: 400, message: "No such model gpt or task"},
		{name: "no audio", model: "@cf/openai/whisper", in: `{}`, code: 5006, status: 400, message: "Error: required properties at '/' are 'audio'"},
		{name: "batch stream", model: llama, in: `{"prompt":"x","stream":true}`, opt: inference.RunOptions{QueueRequest: true}, code: 5006, status: 400, message: "Error: a queued request cannot stream"},
		{name: "neither", model: llama, in: `{}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', required properties at '/' are 'messages'"},
		{name: "both", model: llama, in: `{"prompt":"x","messages":[{"role":"user","content":"x"}]}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 2 matches"},
		{name: "empty prompt", model: llama, in: `{"prompt":""}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: Length of '/prompt' must be >= 1 not met, required properties at '/' are 'messages'"},
		{name: "prompt type", model: llama, in: `{"prompt":7}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: Type mismatch of '/prompt', 'string' not in 'number','integer', required properties at '/' are 'messages'"},
		{name: "content", model: llama, in: `{"messages":[{"role":"user","content":"a"},{"role":"user","content":{}}]}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', Type mismatch of '/messages/1/content', 'string' not in 'object'"},
		{name: "role", model: llama, in: `{"messages":[{"content":"a"}]}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt', required properties at '/messages/0' are 'role,content'"},
		{name: "max_tokens", model: llama, in: `{"prompt":"x","max_tokens":"10"}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: Type mismatch of '/max_tokens', 'integer' not in 'string'"},
		{name: "temperature", model: llama, in: `{"prompt":"x","temperature":9}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: '/temperature' must be <= 5"},
		{name: "not an object", model: llama, in: `[1]`, code: 5006, status: 400, message: "Error: Type mismatch of '/', 'object' not in 'array'"},
		{name: "stream and JSON", model: llama, in: `{"prompt":"x","stream":true,"response_format":{"type":"json_object"}}`, code: 5006, status: 400, message: "Error: JSON Mode doesn't support streaming"},
		{name: "schema", model: llama, in: `{"prompt":"x","response_format":{"type":"json_schema","json_schema":{"$ref":"#/nowhere"}}}`, code: 5024, status: 400, message: "JSON Mode couldn't be met"},
		{name: "endless schema", model: llama, in: `{"prompt":"x","response_format":{"type":"json_schema","json_schema":{"$ref":"#"}}}`, code: 5024, status: 400, message: "JSON Mode couldn't be met"},
		{name: "pattern", model: llama, in: `{"prompt":"x","response_format":{"type":"json_schema","json_schema":{"type":"string","pattern":"^a$","minLength":5}}}`, code: 5024, status: 400, message: "JSON Mode couldn't be met"},
		{name: "image prompt", model: sdxl, in: `{}`, code: 5006, status: 400, message: "Error: required properties at '/' are 'prompt'"},
		{name: "image small", model: sdxl, in: `{"prompt":"x","width":255}`, code: 5006, status: 400, message: "Error: '/width' must be >= 256"},
		{name: "image large", model: sdxl, in: `{"prompt":"x","height":2049}`, code: 5006, status: 400, message: "Error: '/height' must be <= 2048"},
		{name: "embedding", model: "@cf/baai/bge-m3", in: `{}`, code: 5006, status: 400, message: "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'text', required properties at '/' are 'requests'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := m.Run(t.Context(), c.model, json.RawMessage(c.in), c.opt)
			var e *cferr.Error
			if !errors.As(err, &e) || *e != (cferr.Error{Code: c.code, Status: c.status, Message: c.message}) {
				t.Errorf("got  %+v\nwant %d %d %s", err, c.code, c.status, c.message)
			}
		})
	}
}

func TestProse(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	first := run[textResponse](t, m, llama, `{"prompt":"Tell me about gardening on a balcony"}`)
	text := first.Response.(string)
	if !strings.Contains(strings.ToLower(text), "gardening balcony") || len(text) < 100 {
		t.Errorf("response %q", text)
	}
	if again := run[textResponse](t, m, llama, `{"prompt":"Tell me about gardening on a balcony"}`); again.Response != first.Response || again.Usage != first.Usage {
		t.Error("the same input gave another answer")
	}
	if seeded := run[textResponse](t, m, llama, `{"prompt":"Tell me about gardening on a balcony","seed":7}`); seeded.Response == first.Response {
		t.Error("another seed gave the same answer")
	}
	if first.Usage.CompletionTokens != inference.CountTokens(text) || first.Usage.TotalTokens != first.Usage.PromptTokens+first.Usage.CompletionTokens || first.Usage.PromptTokens == 0 {
		t.Errorf("usage %+v", first.Usage)
	}
	short := run[textResponse](t, m, llama, `{"prompt":"Tell me about gardening on a balcony","max_tokens":5}`)
	if short.Usage.CompletionTokens != 5 || !strings.HasPrefix(text, short.Response.(string)) {
		t.Errorf("max_tokens 5: %+v", short)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	text := run[textResponse](t, m, llama, `{"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":[{"type":"text","text":"Describe lighthouses"}]}]}`).Response.(string)
	if !strings.Contains(strings.ToLower(text), "lighthouses") {
		t.Errorf("response %q", text)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	whole := askPrompt(t, m, "Describe lighthouses")
	a, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"Describe lighthouses","stream":true}`), inference.RunOptions{})
	if err != nil || a.ContentType != "text/event-stream" {
		t.Fatal(a, err)
	}
	var text strings.Builder
	var events []string
	for frame := range a.Stream {
		data, ok := strings.CutPrefix(string(frame), "data: ")
		if !ok || !strings.HasSuffix(data, "\n\n") {
			t.Fatalf("frame %q", frame)
		}
		events = append(events, strings.TrimSpace(data))
	}
	for _, e := range events[:len(events)-1] {
		var v responseEvent
		if err := json.Unmarshal([]byte(e), &v); err != nil {
			t.Fatal(err)
		}
		text.WriteString(v.Response)
	}
	if text.String() != whole {
		t.Errorf("streamed %q\nwhole    %q", text.String(), whole)
	}
	if last := events[len(events)-1]; last != "[DONE]" {
		t.Errorf("the last event is %s", last)
	}
	if usage := events[len(events)-2]; !strings.HasPrefix(usage, `{"response":"","tool_calls":[],"usage":{"prompt_tokens":`) {
		t.Errorf("the event before is %s", usage)
	}
	if !strings.Contains(events[0], `"p":"ab`) && !strings.Contains(events[0], `"p":"a"`) {
		t.Errorf("the first event is not padded: %s", events[0])
	}
}

func TestChatModels(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	out := run[map[string]any](t, m, qwen, `{"messages":[{"role":"user","content":"Describe lighthouses"}]}`)
	choice := out["choices"].([]any)[0].(map[string]any)
	message := choice["message"].(map[string]any)
	if out["object"] != "chat.completion" || out["model"] != qwen || out["created"] != float64(1767323045) || choice["finish_reason"] != "stop" || message["role"] != "assistant" {
		t.Errorf("%v", out)
	}
	a, err := m.Run(t.Context(), qwen, json.RawMessage(`{"messages":[{"role":"user","content":"Describe lighthouses"}],"stream":true}`), inference.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, last := "", ""
	for frame := range a.Stream {
		var v providers.ChatBody
		if json.Unmarshal(frame[len("data: "):], &v) == nil && len(v.Choices) == 1 {
			if s, ok := v.Choices[0].Delta.Content.(string); ok {
				text += s
			}
			if f := v.Choices[0].FinishReason; f != nil {
				last = *f
			}
		}
	}
	if text != message["content"] || last != "stop" {
		t.Errorf("streamed %q %q", text, last)
	}
}

func TestTools(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const tools = `"tools":[{"name":"getWeather","description":"d","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":3}},"required":["city"]}}]`
	out := run[textResponse](t, m, llama, `{"messages":[{"role":"user","content":"What is the weather in Lisbon?"}],`+tools+`}`)
	if len(out.Calls) != 1 || out.Calls[0].Name != "getWeather" {
		t.Fatalf("%+v", out)
	}
	var args struct {
		City string
		Days int
	}
	if err := json.Unmarshal(out.Calls[0].Arguments, &args); err != nil || args.City == "" || args.Days < 1 || args.Days > 3 {
		t.Errorf("arguments %s", out.Calls[0].Arguments)
	}
	if out := run[textResponse](t, m, llama, `{"messages":[{"role":"user","content":"Sing a song"}],`+tools+`}`); out.Calls != nil || out.Response == "" {
		t.Errorf("a tool that nobody asked for: %+v", out)
	}
	if out := run[textResponse](t, m, llama, `{"messages":[{"role":"user","content":"weather?"},{"role":"tool","content":"rain"}],`+tools+`}`); out.Calls != nil {
		t.Errorf("asked again after the tool answered: %+v", out)
	}
}
