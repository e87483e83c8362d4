package ai

import (
	"net/http"
	"slices"

	"flint/internal/cferr"
)

// DeepSeek's API: https://api-docs.deepseek.com/api/create-chat-completion
var (
	deepSeekRoutes = []string{"/chat/completions", "/v1/chat/completions", "/beta/chat/completions"}
	deepSeekModels = []string{"deepseek-chat", "deepseek-reasoner", "deepseek-v4-flash", "deepseek-v4-pro"}

	chatDeepSeek = &chatDialect{fingerprint: "fp_flint", usageInLast: true, usage: deepSeekUsage}
)

func deepSeekUsage(done *completion) any {
	return struct {
		Usage
		Hit  int `json:"prompt_cache_hit_tokens"`
		Miss int `json:"prompt_cache_miss_tokens"`
	}{done.usage, 0, done.usage.PromptTokens}
}

// deepSeekError is the shape of every error of the API.
func deepSeekError(status int, message string) any {
	kind := "invalid_request_error"
	if status == http.StatusUnauthorized {
		kind, message = "authentication_error", "Authentication Fails (no such user)"
	}
	return map[string]any{"error": map[string]any{
		"message": message, "type": kind, "param": nil, "code": "invalid_request_error",
	}}
}

func deepSeekCheck(call *providerCall) *cferr.Error {
	if !slices.Contains(deepSeekModels, call.Model) {
		return cferr.New(http.StatusBadRequest, 0, "Model Not Exist")
	}
	if call.Format.Type == "json_object" && !asksJSON.MatchString(call.text) {
		return cferr.New(http.StatusBadRequest, 0, "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.")
	}
	return nil
}
