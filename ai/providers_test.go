package ai

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryProviderRefuses checks that each API says what is wrong in its own form.
func TestEveryProviderRefuses(t *testing.T) {
	t.Parallel()
	p := openModels(t).Providers()
	const ask = `"messages":[{"role":"user","content":"x"}]`
	for _, c := range []struct {
		name, method, host, path, body string
		status                         int
		want                           string
	}{
		{"not served", "GET", "api.openai.com", "/v1/files", ``, 501, `{"error":{"code":"not_served_by_flint","message":"flint does not serve GET /v1/files of OpenAI's API yet"`},
		{"method", "GET", "api.openai.com", "/v1/embeddings", ``, 405, `{"error":{`},
		{"choices", "POST", "api.openai.com", "/v1/chat/completions", `{"model":"gpt-4o","n":3,` + ask + `}`, 501, `{"error":{"code":"not_served_by_flint","message":"flint does not serve more than one choice (n)`},
		{"state", "POST", "api.openai.com", "/v1/responses", `{"model":"gpt-5","input":"x","previous_response_id":"resp_1"}`, 501, `{"error":{"code":"not_served_by_flint","message":"flint does not serve previous_response_id`},
		{"built-in tool", "POST", "api.openai.com", "/v1/responses", `{"model":"gpt-5","input":"x","tools":[{"type":"web_search"}]}`, 501, `{"error":{"code":"not_served_by_flint","message":"flint does not serve the tool web_search`},
		{"no input", "POST", "api.openai.com", "/v1/responses", `{"model":"gpt-5"}`, 400, `{"error":{"code":null,"message":"Missing required parameter: 'input'."`},
		{"no vectors", "POST", "api.openai.com", "/v1/embeddings", `{"model":"gpt-4o","input":"x"}`, 404, `{"error":{"code":"model_not_found"`},
		{"image by URL", "POST", "api.openai.com", "/v1/images/generations", `{"prompt":"x","response_format":"url"}`, 501, `{"error":{"code":"not_served_by_flint"`},
		{"tokens", "POST", "api.anthropic.com", "/v1/messages", `{"model":"claude-sonnet-5",` + ask + `}`, 400, `{"error":{"message":"max_tokens: Field required","type":"invalid_request_error"},"request_id":"req_`},
		{"thinking", "POST", "api.anthropic.com", "/v1/messages", `{"model":"claude-sonnet-5","max_tokens":9,"thinking":{"type":"enabled"},` + ask + `}`, 501, `{"error":{"message":"flint does not serve thinking of Anthropic's API yet","type":"api_error"}`},
		{"role", "POST", "api.anthropic.com", "/v1/messages", `{"model":"claude-sonnet-5","max_tokens":9,"messages":[{"role":"boss","content":"x"}]}`, 400, `{"error":{"message":"messages.0.role:`},
		{"plugins", "POST", "openrouter.ai", "/api/v1/chat/completions", `{"model":"a/b:online",` + ask + `}`, 501, `{"error":{"code":501,"message":"flint does not serve plugins and web search`},
		{"gateway path", "GET", "gateway.ai.cloudflare.com", "/v1/a", ``, 404, `{"error":[{"code":0,"message":"AI Gateway paths are`},
		{"gateway provider", "POST", "gateway.ai.cloudflare.com", "/v1/a/g/groq/chat/completions", `{}`, 501, `{"error":[{"code":0,"message":"flint does not serve the provider groq`},
		{"universal", "POST", "gateway.ai.cloudflare.com", "/v1/a/g", `{}`, 400, `{"error":[{"code":0,"message":"the universal endpoint`},
		{"compat model", "POST", "gateway.ai.cloudflare.com", "/v1/a/g/compat/chat/completions", `{"model":"openai/none",` + ask + `}`, 404, `{"error":{"code":"model_not_found"`},
		{"no such model", "POST", "api.cloudflare.com", "/client/v4/accounts/a/ai/v1/chat/completions", `{"model":"@cf/none",` + ask + `}`, 400, `{"errors":[{"code":5007`},
		{"no chat", "POST", "api.cloudflare.com", "/client/v4/accounts/a/ai/v1/chat/completions", `{"model":"@cf/baai/bge-base-en-v1.5",` + ask + `}`, 400, `{"errors":[{"code":5006`},
	} {
		t.Run(c.host+" "+c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Header = http.Header{"Authorization": {"Bearer k"}, "Anthropic-Version": {"2023-06-01"}}
			w := httptest.NewRecorder()
			p[c.host].ServeHTTP(w, r)
			if w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.want) {
				t.Errorf("%d %s\nwant %s", w.Code, w.Body, c.want)
			}
			if c.status == 501 && w.Header().Get("X-Should-Retry") != "false" && !strings.HasPrefix(c.name, "gateway") {
				t.Error("clients would try again")
			}
		})
	}
	for host, want := range map[string]string{"api.openai.com": "You didn't provide an API key", "api.anthropic.com": "x-api-key header is required"} {
		w := httptest.NewRecorder()
		p[host].ServeHTTP(w, httptest.NewRequest("GET", "/v1/models", nil))
		if w.Code != 401 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s without a key: %d %s", host, w.Code, w.Body)
		}
	}
}

// TestScriptedErrors: a script's status comes out in the form of each provider.
func TestScriptedErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := `answers:
  - {name: paid, match: {prompt: pay}, error: {status: 402, message: Insufficient Balance}}
  - {name: busy, match: {prompt: busy}, error: {status: 429, message: Slow down}}
`
	if err := os.WriteFile(filepath.Join(dir, "errors.yaml"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	p := openModels(t, dir).Providers()
	for _, c := range []struct{ host, path, model, word, want string }{
		{"api.deepseek.com", "/chat/completions", "deepseek-chat", "pay", `402 {"error":{"code":"invalid_request_error","message":"Insufficient Balance","param":null,"type":"unknown_error"}}`},
		{"api.deepseek.com", "/chat/completions", "deepseek-chat", "busy", `429 {"error":{"code":"rate_limit_exceeded","message":"Slow down","param":null,"type":"rate_limit_error"}}`},
		{"openrouter.ai", "/api/v1/chat/completions", "a/b", "pay", `402 {"error":{"code":402,"message":"Insufficient Balance"}}`},
		{"api.openai.com", "/v1/chat/completions", "gpt-5", "busy", `429 {"error":{"code":"rate_limit_exceeded","message":"Slow down","param":null,"type":"requests"}}`},
		{"api.anthropic.com", "/v1/messages", "claude-opus-5", "busy", `429 {"error":{"message":"Slow down","type":"rate_limit_error"},"request_id":"`},
	} {
		w := post(p[c.host], c.path, `{"model":"`+c.model+`","max_tokens":9,"messages":[{"role":"user","content":"`+c.word+`"}]}`, "Authorization", "Bearer k", "Anthropic-Version", "1")
		if got := fmt.Sprintf("%d %s", w.Code, w.Body); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %d %s, want %s", c.host, c.word, w.Code, w.Body, c.want)
		}
	}
	// The universal endpoint of AI Gateway goes on to the next call.
	steps := `[{"provider":"openai","endpoint":"chat/completions","headers":{"authorization":"Bearer k"},"query":{"model":"gpt-5","messages":[{"role":"user","content":"busy"}]}},
		{"provider":"anthropic","endpoint":"v1/messages","headers":{"x-api-key":"k"},"query":{"model":"claude-opus-5","max_tokens":50,"messages":[{"role":"user","content":"hello"}]}}]`
	w := post(p["gateway.ai.cloudflare.com"], "/v1/a/g", steps)
	if w.Code != 200 || w.Header().Get("cf-aig-step") != "1" || w.Header().Get("cf-aig-log-id") == "" || !strings.Contains(w.Body.String(), `"type":"message"`) {
		t.Errorf("universal: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestReasoning(t *testing.T) {
	t.Parallel()
	p := openModels(t).Providers()
	const body = `{"model":"deepseek-reasoner","messages":[{"role":"user","content":"Describe lighthouses"}]`
	w := post(p["api.deepseek.com"], "/chat/completions", body+"}", "Authorization", "Bearer k")
	if !strings.Contains(w.Body.String(), `"reasoning_content":"The user asks: Describe lighthouses`) || !strings.Contains(w.Body.String(), `"completion_tokens_details":{"reasoning_tokens":`) {
		t.Errorf("%s", w.Body)
	}
	w = post(p["api.deepseek.com"], "/chat/completions", body+`,"stream":true}`, "Authorization", "Bearer k")
	if first, _, _ := strings.Cut(w.Body.String(), `"delta":{"content":`); !strings.Contains(first, `"delta":{"reasoning_content":"The"}`) {
		t.Errorf("the reasoning does not come first: %.500s", w.Body)
	}
	w = post(p["openrouter.ai"], "/api/v1/chat/completions", `{"models":["a/b","c/d"],"reasoning":{"effort":"low"},"messages":[{"role":"user","content":"Describe lighthouses"}]}`, "Authorization", "Bearer k")
	if !strings.Contains(w.Body.String(), `"model":"a/b"`) || !strings.Contains(w.Body.String(), `"reasoning":"The user asks`) || !strings.Contains(w.Body.String(), `"cost":0`) {
		t.Errorf("%s", w.Body)
	}
}

func TestToolChoice(t *testing.T) {
	t.Parallel()
	p := openModels(t).Providers()
	const tools = `"tools":[{"type":"function","function":{"name":"alpha"}},{"type":"function","function":{"name":"beta","parameters":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}]`
	for choice, want := range map[string]string{
		`"required"`: `"name":"alpha"`, `{"type":"function","function":{"name":"beta"}}`: `"name":"beta","arguments":"{\"n\":`, `"auto"`: `"finish_reason":"stop"`, `"none"`: `"finish_reason":"stop"`,
	} {
		w := post(p["api.openai.com"], "/v1/chat/completions", `{"model":"gpt-5","messages":[{"role":"user","content":"hello"}],`+tools+`,"tool_choice":`+choice+`}`, "Authorization", "Bearer k")
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s", choice, w.Body)
		}
	}
}
