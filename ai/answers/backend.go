package answers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// Backend is a real model server with OpenAI's API: Ollama, llama.cpp, vLLM,
// LM Studio or a paid one. flint asks it for text and for embeddings.
type Backend struct {
	URL            string // up to and with /v1
	Key            string // sent as a bearer token; never logged or recorded
	Model          string // asked for chats, whatever model the Worker names; empty keeps the Worker's
	EmbeddingModel string // likewise for embeddings
}

// backend is a Backend that is in use.
type backend struct {
	Backend
	client *http.Client
	log    *slog.Logger
}

func newBackend(b Backend, log *slog.Logger) (*backend, error) {
	if b.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("ai: backend: want an address such as http://127.0.0.1:11434/v1")
	}
	if u.User != nil {
		return nil, fmt.Errorf("ai: backend: give the key in FLINT_AI_BACKEND_KEY, not in the address")
	}
	b.URL = strings.TrimSuffix(b.URL, "/")
	dialer := &net.Dialer{Timeout: inference.BackendConnectTimeout}
	return &backend{Backend: b, log: log, client: &http.Client{Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: inference.BackendConnectTimeout, ResponseHeaderTimeout: inference.BackendIdleTimeout,
		DisableKeepAlives: true, // an answer takes seconds: a kept connection would save nothing and outlive its caller
	}}}, nil
}

// post sends a request; the caller closes the body of the answer.
func (b *backend) post(ctx context.Context, path string, body any) (*http.Response, error) {
	data, err := inference.EncodeJSON(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", inference.ContentJSON)
	if b.Key != "" {
		r.Header.Set("Authorization", "Bearer "+b.Key)
	}
	res, err := b.client.Do(r)
	if err != nil {
		return nil, b.failure(ctx, err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	return nil, b.refusal(res)
}

// failure names the address, because the commonest cause is a server that does not run.
func (b *backend) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := err
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		what = wrapped.Err
	}
	return cferr.Newf(http.StatusBadGateway, inference.CodeBackend, "the AI backend %s does not answer: %v (flint.toml, [ai] backend)", b.URL, what)
}

// refusal is the error that the server answered with, as the caller sees it.
func (b *backend) refusal(res *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10)) // the part that arrived explains more than nothing
	text := strings.TrimSpace(string(data))
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &body) == nil && body.Error != nil {
		var inner struct{ Message string }
		if json.Unmarshal(body.Error, &text) != nil && json.Unmarshal(body.Error, &inner) == nil && inner.Message != "" {
			text = inner.Message
		}
	}
	hint := ""
	if res.StatusCode == http.StatusNotFound && b.Model == "" {
		hint = "; name a model that it has in flint.toml, [ai] backend_model"
	}
	status := http.StatusBadGateway
	if res.StatusCode == http.StatusTooManyRequests {
		status = res.StatusCode
	}
	return cferr.Newf(status, inference.CodeBackend, "the AI backend %s answered %d: %s%s", b.URL, res.StatusCode, inference.Shorten(redactSecrets(text), 300), hint)
}

// decode reads a whole JSON answer.
func (b *backend) decode(ctx context.Context, res *http.Response, out any) error {
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(withIdleTimeout(ctx, res.Body), inference.MaxBackendBytes+1))
	if err != nil {
		return b.failure(ctx, err)
	}
	if len(data) > inference.MaxBackendBytes {
		return b.failure(ctx, fmt.Errorf("its answer has more than %d bytes", inference.MaxBackendBytes))
	}
	if err := json.Unmarshal(data, out); err != nil {
		return b.failure(ctx, fmt.Errorf("its answer is not OpenAI's JSON: %w", err))
	}
	return nil
}

// chatRequest is what a backend is asked: the inputs of the call that OpenAI's
// API knows too, in its own spelling.
func (b *backend) chatRequest(req *inference.TextRequest) map[string]any {
	body := map[string]any{"model": b.modelFor(b.Model, req.Model), "messages": messagesOf(req)}
	for _, name := range []string{"temperature", "top_p", "frequency_penalty", "presence_penalty", "stop", "tool_choice", "max_completion_tokens"} {
		if req.Inputs.Has(name) {
			body[name] = req.Inputs[name]
		}
	}
	if req.MaxTokens > 0 && body["max_completion_tokens"] == nil {
		body["max_tokens"] = req.MaxTokens
	}
	if req.HasSeed || req.Seed != 0 {
		body["seed"] = req.Seed
	}
	if tools := openAITools(req.Inputs["tools"]); tools != nil {
		body["tools"] = tools
	}
	if req.Format != nil {
		body["response_format"] = openAIFormat(req.Format)
	}
	return body
}

func (b *backend) modelFor(configured, requested string) string {
	if configured != "" {
		return configured
	}
	return requested
}

// messagesOf are the messages as they came when they are the conversation that
// was read from them, which keeps images and calls of tools; else the turns.
func messagesOf(req *inference.TextRequest) any {
	if req.Inputs.Has("messages") {
		if turns, problem := inference.ParseTurns(req.Inputs); problem == "" && sameTurns(turns, req.Turns) {
			return req.Inputs["messages"]
		}
	}
	out := make([]map[string]string, len(req.Turns))
	for i, t := range req.Turns {
		out[i] = map[string]string{"role": t.Role, "content": t.Content}
	}
	return out
}

func sameTurns(a, b []inference.Turn) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Role != b[i].Role || a[i].Content != b[i].Content {
			return false
		}
	}
	return true
}

// openAITools writes Workers AI's {name, parameters} as {type, function}.
func openAITools(raw json.RawMessage) []any {
	var tools []json.RawMessage
	if json.Unmarshal(raw, &tools) != nil {
		return nil
	}
	var out []any
	for _, t := range tools {
		var head struct{ Function json.RawMessage }
		if json.Unmarshal(t, &head) == nil && head.Function != nil {
			out = append(out, t)
			continue
		}
		out = append(out, map[string]any{"type": "function", "function": t})
	}
	return out
}

// openAIFormat puts a bare schema under the name that OpenAI asks for.
func openAIFormat(f *inference.ResponseFormat) any {
	if f.Type != "json_schema" {
		return map[string]string{"type": f.Type}
	}
	schema := f.Schema
	var wrapped struct{ Schema json.RawMessage }
	if json.Unmarshal(schema, &wrapped) != nil || !inference.IsType(wrapped.Schema, "object") {
		named, err := inference.EncodeJSON(map[string]any{"name": "answer", "schema": schema})
		if err == nil {
			schema = named
		}
	}
	return map[string]any{"type": f.Type, "json_schema": schema}
}
