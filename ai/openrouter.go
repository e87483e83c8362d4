package ai

import (
	"net/http"
	"strings"

	"flint/internal/cferr"
)

// OpenRouter's API: https://openrouter.ai/docs/api-reference/chat-completion
var (
	openRouterRoutes = []string{"/api/v1/chat/completions"}

	chatOpenRouter = &chatDialect{
		idPrefix: "gen-", provider: "flint", native: true, comment: "OPENROUTER PROCESSING", usage: openRouterUsage,
	}
)

func openRouterUsage(done *completion) any {
	return struct {
		Usage
		Cost float64 `json:"cost"`
	}{done.usage, 0}
}

// openRouterError is the shape of every error of the API.
func openRouterError(status int, message string) any {
	if status == http.StatusUnauthorized {
		message = "No auth credentials found"
	}
	return map[string]any{"error": map[string]any{"message": message, "code": status}}
}

// openRouterCheck takes any model of the form vendor/name: flint keeps no list of
// OpenRouter's models.
func openRouterCheck(call *providerCall) *cferr.Error {
	vendor, name, ok := strings.Cut(call.Model, "/")
	if !ok || vendor == "" || name == "" {
		return cferr.New(http.StatusBadRequest, 0, call.Model+" is not a valid model ID")
	}
	return nil
}
