package providers

import (
	"encoding/json"
	"net/http"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

var chatOpenRouter = &chatDialect{
	idPrefix: "gen-", provider: "flint", hasNativeFinish: true, comment: "OPENROUTER PROCESSING", hasRefusal: true,
}

// openRouter is OpenRouter's API: https://openrouter.ai/docs/api-reference
func (srv *Server) openRouter() *provider {
	return &provider{server: srv, name: "OpenRouter", hasKey: openRouterKey, errorBody: openRouterError, routes: []route{
		{http.MethodPost, "/api/v1/chat/completions", chatCall(openRouterChat)},
		{http.MethodGet, "/api/v1/models", openRouterModels},
	}}
}

// openRouterKey lets the list of models be read without a key, as OpenRouter does.
func openRouterKey(r *http.Request) bool {
	return hasBearerToken(r) || strings.HasSuffix(r.URL.Path, "/models")
}

// openRouterChat takes any model of the form vendor/name: flint keeps no list of
// OpenRouter's models. Of models, the fallbacks, the first one answers.
func openRouterChat(p *provider, in inference.Fields) (*chatDialect, error) {
	var fallbacks []string
	_ = json.Unmarshal(in["models"], &fallbacks) // anything else names none
	if inference.InputText(in, "model") == "" && len(fallbacks) > 0 {
		in.Put("model", fallbacks[0])
	}
	model := inference.InputText(in, "model")
	vendor, name, ok := strings.Cut(model, "/")
	if !ok || vendor == "" || name == "" {
		return nil, cferr.New(http.StatusBadRequest, 0, model+" is not a valid model ID")
	}
	if strings.HasSuffix(name, ":online") || string(in["plugins"]) != "" && string(in["plugins"]) != "[]" {
		return nil, p.notServed("plugins and web search")
	}
	d := *chatOpenRouter
	if wantsReasoning(in) {
		d.thought = reasoningText(in)
	}
	d.usage = func(done *inference.Completion) any { return openRouterUsage(done, inference.CountTokens(d.thought)) }
	return &d, nil
}

// wantsReasoning reads reasoning: {effort | max_tokens | enabled, exclude}.
func wantsReasoning(in inference.Fields) bool {
	var o struct {
		Effort  string
		Tokens  int `json:"max_tokens"`
		Enabled bool
		Exclude bool
	}
	_ = json.Unmarshal(in["reasoning"], &o) // anything else asks for nothing
	return (o.Effort != "" && o.Effort != "none" || o.Tokens > 0 || o.Enabled) && !o.Exclude
}

// openRouterUsage has the cost 0.
func openRouterUsage(done *inference.Completion, reasoning int) any {
	type details struct {
		Reasoning int `json:"reasoning_tokens"`
	}
	usage := done.Usage
	usage.CompletionTokens += reasoning
	usage.TotalTokens += reasoning
	return struct {
		inference.Usage
		Cost    float64 `json:"cost"`
		Details details `json:"completion_tokens_details"`
	}{usage, 0, details{reasoning}}
}

// openRouterModels lists the models of the other providers under their vendors.
func openRouterModels(_ *provider, w http.ResponseWriter, _ *http.Request, _ string) error {
	type model struct {
		ID      string            `json:"id"`
		Name    string            `json:"name"`
		Created int64             `json:"created"`
		Pricing map[string]string `json:"pricing"`
	}
	known := knownModels()
	out := []model{}
	for _, vendor := range []struct {
		name   string
		models []string
	}{{"anthropic", known.Anthropic.Models}, {"deepseek", known.DeepSeek.Models}, {"openai", known.OpenAI.Models}} {
		for _, name := range vendor.models {
			out = append(out, model{vendor.name + "/" + name, vendor.name + ": " + name, modelCreated, map[string]string{"prompt": "0", "completion": "0"}})
		}
	}
	return writeAnswer(w, map[string]any{"data": out})
}

// openRouterError is the shape of every error of the API.
// https://openrouter.ai/docs/api-reference/errors
func openRouterError(_ http.ResponseWriter, e *cferr.Error) any {
	message := e.Message
	if e.Status == http.StatusUnauthorized && message == "" {
		message = "No auth credentials found"
	}
	return map[string]any{"error": map[string]any{"message": message, "code": e.Status}}
}
