package ai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/intercept"
	"flint/internal/testkit"
)

func post(h http.Handler, target, body string, header ...string) *httptest.ResponseRecorder {
	return testkit.Call(h, http.MethodPost, target, body, header...)
}

func newBindingHandler(m *Models, chain *intercept.Chain, log *slog.Logger) http.Handler {
	b := NewBinding(m, chain, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.ServeBinding(w, r, "AI") })
}

func TestBinding(t *testing.T) {
	t.Parallel()
	h := newBindingHandler(openModels(t, "../fixtures/ai"), nil, nil)
	for _, path := range []string{"/run?version=3", "/ai-gateway/run?version=3"} {
		w := post(h, path, `{"inputs":{"prompt":"Generate a big5 personality quiz"},"options":{}}`, "Content-Type", "application/json", "cf-consn-model-id", "dev:"+llama)
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || len(w.Header().Get("cf-ai-req-id")) != 36 || w.Header().Get("X-Flint-AI") != "big5.yaml:big5" {
			t.Fatalf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		q := parseQuiz(t, parse[textResponse](t, w.Body.String()).Response.(string))
		q.check(t, 10, 10)
		if logID := w.Header().Get("cf-aig-log-id"); (logID != "") != strings.HasPrefix(path, "/ai-gateway") {
			t.Errorf("%s: cf-aig-log-id %q", path, logID)
		}
	}
}

func TestBindingErrors(t *testing.T) {
	t.Parallel()
	h := newBindingHandler(openModels(t), nil, nil)
	for _, c := range []struct {
		name, path, body, model, kind string
		status, code                  int
		description                   string
	}{
		{"model", "/run", `{"inputs":{}}`, "@cf/none/such-model-anywhere", "application/json", 400, 5007, "No such model @cf/none/such-model-anywhere or task"},
		{"inputs", "/run", `{"inputs":{"prompt":5}}`, sdxl, "application/json", 400, 5006, "Error: Type mismatch of '/prompt', 'string' not in 'number','integer'"},
		{"no model", "/run", `{}`, "", "application/json", 400, 3003, "Request is missing headers or body: cf-consn-model-id"},
		{"no JSON", "/run", `{`, llama, "application/json", 400, 3003, "Request is missing headers or body: the body is not JSON"},
		{"stream", "/run?userInputs=%7B%7D", `RIFF`, llama, "audio/wav", 400, 5006, "Error: Type mismatch of '/', 'object' not in 'binary'"},
		{"markdown", "/to-everything/markdown/transformer", ``, "", "", 400, 3003, "Request is missing headers or body: files"},
		{"gateway", "/ai-gateway/gateways/x/url/y", ``, "", "", 501, 10501, "flint does not serve POST /ai-gateway/gateways/x/url/y of env.AI.gateway() yet"},
		{"too large", "/run", strings.Repeat(" ", inference.MaxInputBytes+1), llama, "application/json", 413, 3006, "Request is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, c.path, c.body, "Content-Type", c.kind, "cf-consn-model-id", c.model)
			got := parse[bindingError](t, w.Body.String())
			if w.Code != c.status || got.InternalCode != c.code || got.Description != c.description || got.Name != "AiError" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/run?version=3", nil)
	r.Header.Set("Upgrade", "websocket")
	h.ServeHTTP(w, r)
	if w.Code != 501 || !strings.Contains(w.Body.String(), "WebSocket models") {
		t.Errorf("websocket: %d %s", w.Code, w.Body)
	}
}

func TestBindingChain(t *testing.T) {
	t.Parallel()
	var chain intercept.Chain
	var ops []intercept.Op
	chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		ops = append(ops, *op)
		if op.Resource == sdxl {
			return errors.New("disk on fire")
		}
		return next(ctx)
	})
	var log bytes.Buffer
	h := newBindingHandler(openModels(t), &chain, slog.New(slog.NewTextHandler(&log, nil)))
	if w := post(h, "/run", `{"inputs":{"prompt":"x"}}`, "Content-Type", "application/json", "cf-consn-model-id", llama); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := post(h, "/run", `{"inputs":{"prompt":"x"}}`, "Content-Type", "application/json", "cf-consn-model-id", sdxl)
	if w.Code != 500 || strings.Contains(w.Body.String(), "fire") || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("%d %s\nlog %s", w.Code, w.Body, log.String())
	}
	if want := (intercept.Op{Service: "ai", Resource: llama, Action: "run", Bytes: 14}); len(ops) != 2 || ops[0] != want {
		t.Errorf("%+v", ops)
	}
}

func TestBindingForm(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("prompt", "12")
	_ = form.WriteField("width", "300")
	_ = form.Close()
	w := post(newBindingHandler(openModels(t), nil, nil), "/run?version=3", body.String(), "Content-Type", form.FormDataContentType(), "cf-consn-model-id", "@cf/black-forest-labs/flux-2-dev")
	if out := parse[struct{ Image []byte }](t, w.Body.String()); w.Code != 200 || len(out.Image) == 0 {
		t.Errorf("%d %.200s", w.Code, w.Body)
	} else if img, _ := decodeImage(t, out.Image); img.Bounds().Dx() != 300 {
		t.Errorf("%v", img.Bounds())
	}
}

// TestBindingStreams reads the first event while the rest is still to come.
func TestBindingStreams(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(newBindingHandler(openModels(t), nil, nil))
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/run?version=3", strings.NewReader(`{"inputs":{"prompt":"Describe lighthouses","stream":true}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Cf-Consn-Model-Id": {llama}}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil || res.Header.Get("Content-Type") != "text/event-stream" || res.ContentLength != -1 || !bytes.HasSuffix(all, []byte("\n\ndata: [DONE]\n\n")) {
		t.Errorf("%v %v %q", err, res.Header, all)
	}
}

func newRESTHandler(m *Models) http.Handler {
	return testkit.REST(NewREST(m).Routes)
}

func TestREST(t *testing.T) {
	t.Parallel()
	h := newRESTHandler(openModels(t))
	type envelope struct {
		Result  json.RawMessage
		Success bool
		Errors  []struct {
			Code    int
			Message string
		}
	}
	for _, model := range []string{llama, url.PathEscape(llama)} {
		w := post(h, "/client/v4/accounts/a/ai/run/"+model, `{"prompt":"Describe lighthouses"}`)
		e := parse[envelope](t, w.Body.String())
		if w.Code != 200 || !e.Success || parse[textResponse](t, string(e.Result)).Response == "" {
			t.Errorf("%s: %d %s", model, w.Code, w.Body)
		}
	}
	w := post(h, "/client/v4/accounts/a/ai/run/"+sdxl, `{"prompt":"x"}`)
	if _, err := png.Decode(w.Body); err != nil || w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("image: %v %v", err, w.Header())
	}
	w = post(h, "/client/v4/accounts/a/ai/run/"+llama, `{"prompt":"x","stream":true}`)
	if w.Header().Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(w.Body.String(), `data: {"response":"`) {
		t.Errorf("stream: %v %s", w.Header(), w.Body)
	}
	w = post(h, "/client/v4/accounts/a/ai/run/"+sdxl, `{}`)
	e := parse[envelope](t, w.Body.String())
	if w.Code != 400 || e.Success || len(e.Errors) != 1 || e.Errors[0].Code != 5006 || !strings.HasPrefix(e.Errors[0].Message, "AiError: Bad input: Error: required properties at '/' are 'prompt' (") {
		t.Errorf("bad input: %d %s", w.Code, w.Body)
	}
	w = post(h, "/client/v4/accounts/a/ai/run/@cf/nope", `{}`)
	if e := parse[envelope](t, w.Body.String()); w.Code != 400 || e.Errors[0].Code != 5007 {
		t.Errorf("no model: %d %s", w.Code, w.Body)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2]int{
		"?search=llama-2-7b-chat-int8": {1, 1}, "?task=Text-to-Image&per_page=3": {3, 11}, "?task=Text-to-Image&per_page=3&page=4": {2, 11},
		"?author=leonardo": {2, 2}, "?search=nothing": {0, 0}, "?task=c329a1f9-323d-4e91-b2aa-582dd4188d34&search=gpt-oss": {2, 2},
	} {
		for _, h := range []struct {
			handler http.Handler
			path    string
		}{{newRESTHandler(openModels(t)), "/client/v4/accounts/a/ai/models/search"}, {newBindingHandler(openModels(t), nil, nil), "/ai-api/models/search"}} {
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, h.path+query, nil))
			out := parse[struct {
				Result []inference.SearchModel
				Info   struct{ Total_count int } `json:"result_info"`
			}](t, w.Body.String())
			if len(out.Result) != want[0] || out.Info.Total_count != want[1] {
				t.Errorf("%s%s: %d of %d, want %v", h.path, query, len(out.Result), out.Info.Total_count, want)
			}
		}
	}
}

func TestProviders(t *testing.T) {
	t.Parallel()
	m := openModels(t, "../fixtures/ai")
	p := m.Providers()
	deepSeek, openRouter := p["api.deepseek.com"], p["openrouter.ai"]
	const quizCall = `{"model":"deepseek-chat","messages":[{"role":"system","content":"You make quizzes."},{"role":"user","content":"Generate a mood personality quiz"}]}`
	for _, path := range []string{"/chat/completions", "/v1/chat/completions"} {
		w := post(deepSeek, path, quizCall, "Authorization", "Bearer k")
		out := parse[providers.ChatBody](t, w.Body.String())
		if w.Code != 200 || out.Object != "chat.completion" || out.Model != "deepseek-chat" || !strings.Contains(w.Body.String(), `"prompt_cache_miss_tokens":`) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		q := parseQuiz(t, out.Choices[0].Message.Content.(string))
		q.check(t, 6, 6)
	}
	w := post(openRouter, "/api/v1/chat/completions", strings.Replace(quizCall, "deepseek-chat", "deepseek/deepseek-chat", 1), "Authorization", "Bearer k")
	out := parse[providers.ChatBody](t, w.Body.String())
	if w.Code != 200 || !strings.HasPrefix(out.ID, "gen-") || out.Provider != "flint" || out.Choices[0].Native != "stop" || !strings.Contains(w.Body.String(), `"cost":0`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestProviderErrors(t *testing.T) {
	t.Parallel()
	p := openModels(t).Providers()
	for _, c := range []struct {
		name, host, path, body, auth string
		status                       int
		want                         string
	}{
		{"key", "api.deepseek.com", "/chat/completions", `{}`, "", 401, `{"error":{"code":"invalid_request_error","message":"Authentication Fails (no such user)","param":null,"type":"authentication_error"}}`},
		{"empty key", "api.deepseek.com", "/chat/completions", `{}`, "Bearer ", 401, `{"error":{"code":"invalid_request_error","message":"Authentication Fails (no such user)","param":null,"type":"authentication_error"}}`},
		{"model", "api.deepseek.com", "/chat/completions", `{"model":"gpt-4"}`, "Bearer k", 400, `{"error":{"code":"invalid_request_error","message":"Model Not Exist","param":null,"type":"invalid_request_error"}}`},
		{"json", "api.deepseek.com", "/chat/completions", `{"model":"deepseek-chat","messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_object"}}`, "Bearer k", 400, `{"error":{"code":"invalid_request_error","message":"Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.","param":null,"type":"invalid_request_error"}}`},
		{"path", "api.deepseek.com", "/user/balance", ``, "Bearer k", 501, `{"error":{"code":"invalid_request_error","message":"flint does not serve POST /user/balance of DeepSeek's API yet","param":null,"type":"invalid_request_error"}}`},
		{"key", "openrouter.ai", "/api/v1/chat/completions", `{}`, "", 401, `{"error":{"code":401,"message":"No auth credentials found"}}`},
		{"model", "openrouter.ai", "/api/v1/chat/completions", `{"model":"gpt"}`, "Bearer k", 400, `{"error":{"code":400,"message":"gpt is not a valid model ID"}}`},
		{"body", "openrouter.ai", "/api/v1/chat/completions", `{`, "Bearer k", 400, `{"error":{"code":400,"message":"Failed to parse the request body as JSON"}}`},
	} {
		t.Run(c.host+" "+c.name, func(t *testing.T) {
			w := post(p[c.host], c.path, c.body, "Authorization", c.auth)
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("%d %s\nwant %s", w.Code, w.Body, c.want)
			}
		})
	}
}

func TestProviderStreams(t *testing.T) {
	t.Parallel()
	p := openModels(t).Providers()
	call := func(host, path, model string) []string {
		w := post(p[host], path, `{"model":"`+model+`","stream":true,"messages":[{"role":"user","content":"Describe lighthouses"}]}`, "Authorization", "Bearer k")
		if w.Header().Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%v %s", w.Header(), w.Body)
		}
		return strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
	}
	deep := call("api.deepseek.com", "/chat/completions", "deepseek-chat")
	last := deep[len(deep)-2]
	if deep[len(deep)-1] != "data: [DONE]" || !strings.Contains(last, `"finish_reason":"stop"`) || !strings.Contains(last, `"prompt_cache_hit_tokens":0`) || !strings.Contains(deep[0], `"delta":{"role":"assistant","content":""}`) {
		t.Errorf("%s\n%s", deep[0], last)
	}
	router := call("openrouter.ai", "/api/v1/chat/completions", "a/b")
	if router[0] != ": OPENROUTER PROCESSING" || !strings.Contains(router[len(router)-2], `"choices":[],"usage":{"prompt_tokens":`) {
		t.Errorf("%s\n%s", router[0], router[len(router)-2])
	}
}

func TestCloudflareAPIFromWorker(t *testing.T) {
	t.Parallel()
	h := openModels(t).Providers()["api.cloudflare.com"]
	const path = "/client/v4/accounts/.../ai/run/" + sdxl
	w := post(h, path, `{"prompt":"Personality visualization for openness..."}`, "Authorization", "Bearer ...")
	if _, err := png.Decode(w.Body); err != nil || w.Code != 200 {
		t.Errorf("%d %v", w.Code, err)
	}
	if w := post(h, path, `{"prompt":"x"}`); w.Code != 401 || !strings.Contains(w.Body.String(), `"code":10000,"message":"Authentication error"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(h, "/client/v4/zones", ``, "Authorization", "Bearer k"); w.Code != 501 || !strings.Contains(w.Body.String(), "/client/v4/zones") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post(h, "/client/v4/accounts/a/ai/finetunes", ``, "Authorization", "Bearer k"); w.Code != 404 || !strings.Contains(w.Body.String(), `"code":7003`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
