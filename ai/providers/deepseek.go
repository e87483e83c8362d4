package providers

import (
	"encoding/json"
	"net/http"
	"slices"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/internal/cferr"
)

var chatDeepSeek = &chatDialect{fingerprint: "fp_flint", usageInLastChunk: true}

// deepSeek is DeepSeek's API: https://api-docs.deepseek.com/api/create-chat-completion
func (srv *Server) deepSeek() *provider {
	names := func() []string { return knownModels().DeepSeek.names() }
	p := &provider{server: srv, name: "DeepSeek", hasKey: hasBearerToken, errorBody: deepSeekError}
	for _, prefix := range []string{"", "/v1", "/beta"} {
		p.routes = append(p.routes,
			route{http.MethodPost, prefix + "/chat/completions", chatCall(deepSeekChat)},
			route{http.MethodGet, prefix + "/models", listModels("deepseek", 0, names)})
	}
	return p
}

// deepSeekChat refuses what the API does, and has a reasoning model think: always
// deepseek-reasoner, the others when the request says thinking.
func deepSeekChat(_ *provider, in inference.Fields) (*chatDialect, error) {
	model := inference.InputText(in, "model")
	if !slices.Contains(knownModels().DeepSeek.Models, model) {
		return nil, cferr.New(http.StatusBadRequest, 0, "Model Not Exist")
	}
	var format, thinking struct{ Type string }
	_ = json.Unmarshal(in["response_format"], &format) // anything else is refused with the messages
	_ = json.Unmarshal(in["thinking"], &thinking)
	if format.Type == "json_object" && !generate.AsksJSON.Match(in["messages"]) {
		return nil, cferr.New(http.StatusBadRequest, 0, "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.")
	}
	d := *chatDeepSeek
	if model == "deepseek-reasoner" && thinking.Type != "disabled" || thinking.Type == "enabled" {
		d.reasoning = reasoningText(in)
	}
	d.usage = func(done *inference.Completion) any { return deepSeekUsage(done, inference.CountTokens(d.reasoning)) }
	return &d, nil
}

// deepSeekUsage counts the tokens of reasoning among those of the answer.
func deepSeekUsage(done *inference.Completion, reasoning int) any {
	type details struct {
		Reasoning int `json:"reasoning_tokens"`
	}
	usage := done.Usage
	usage.CompletionTokens += reasoning
	usage.TotalTokens += reasoning
	out := struct {
		inference.Usage
		Hit     int      `json:"prompt_cache_hit_tokens"`
		Miss    int      `json:"prompt_cache_miss_tokens"`
		Details *details `json:"completion_tokens_details,omitempty"`
	}{Usage: usage, Miss: usage.PromptTokens}
	if reasoning > 0 {
		out.Details = &details{reasoning}
	}
	return out
}

// deepSeekError is the shape of every error of the API.
// https://api-docs.deepseek.com/quick_start/error_codes
func deepSeekError(_ http.ResponseWriter, e *cferr.Error) any {
	kind, code, message := "invalid_request_error", "invalid_request_error", e.Message
	switch e.Status {
	case http.StatusUnauthorized:
		kind = "authentication_error"
		if message == "" {
			message = "Authentication Fails (no such user)"
		}
	case http.StatusPaymentRequired:
		kind = "unknown_error"
	case http.StatusTooManyRequests:
		kind, code = "rate_limit_error", "rate_limit_exceeded"
	case http.StatusNotImplemented:
	default:
		if e.Status >= 500 {
			kind, code = "server_error", "internal_error"
		}
	}
	return map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}}
}
