package ai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/ai/answers"
)

// modelServer is an OpenAI-compatible server that keeps what it was asked.
type modelServer struct {
	*httptest.Server
	requests []map[string]any
	keys     []string
	reply    func(w http.ResponseWriter, body map[string]any)
}

func startServer(t *testing.T, reply func(w http.ResponseWriter, body map[string]any)) *modelServer {
	t.Helper()
	s := &modelServer{reply: reply}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		s.requests, s.keys = append(s.requests, body), append(s.keys, r.Header.Get("Authorization"))
		s.reply(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func chatReply(w http.ResponseWriter, body map[string]any) {
	if body["stream"] == true {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"role":"assistant","content":"real "}}]}`+"\n\n"+
			`data: {"choices":[{"delta":{"content":"stream"},"finish_reason":"stop"}]}`+"\n\n"+
			`data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`+"\n\ndata: [DONE]\n\n")
		return
	}
	message := `{"role":"assistant","content":"a real answer"}`
	if body["tools"] != nil {
		message = `{"role":"assistant","content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"getWeather","arguments":"{\"city\":\"Oslo\"}"}}]}`
	}
	if f, ok := body["response_format"].(map[string]any); ok && f["type"] == "json_schema" {
		message = `{"role":"assistant","content":"{\"ok\":true}"}`
	}
	_, _ = io.WriteString(w, `{"choices":[{"message":`+message+`,"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11}}`)
}

func TestBackend(t *testing.T) {
	t.Parallel()
	s := startServer(t, chatReply)
	m := openModelsWith(t, Options{Backend: answers.Backend{URL: s.URL + "/v1/", Key: "k-secret", Model: "llama3.2"}})
	out := run[textResponse](t, m, llama, `{"prompt":"hello","max_tokens":9,"temperature":0.5,"seed":4}`)
	if out.Response != "a real answer" || out.Usage.TotalTokens != 11 {
		t.Errorf("%+v", out)
	}
	q := s.requests[0]
	if q["model"] != "llama3.2" || q["max_tokens"] != 9.0 || q["seed"] != 4.0 || q["temperature"] != 0.5 || fmt.Sprint(q["messages"]) != "[map[content:hello role:user]]" || s.keys[0] != "Bearer k-secret" {
		t.Errorf("asked %v %v", q, s.keys)
	}
	a, err := runAnswer(t, m, llama, `{"prompt":"hello","stream":true}`)
	if err != nil || a.Source != "backend" {
		t.Fatal(a, err)
	}
	frames := framesOf(a)
	if len(frames) != 4 || !strings.Contains(frames[0], `"response":"real "`) || !strings.Contains(frames[2], `"total_tokens":5`) || frames[3] != "data: [DONE]\n\n" {
		t.Errorf("%q", frames)
	}
	calls := run[textResponse](t, m, llama, `{"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"getWeather","parameters":{"type":"object","properties":{}}}]}`).Calls
	if len(calls) != 1 || calls[0].Name != "getWeather" || string(calls[0].Arguments) != `{"city":"Oslo"}` {
		t.Errorf("%+v", calls)
	}
	if tool := s.requests[2]["tools"].([]any)[0].(map[string]any); tool["type"] != "function" || tool["function"].(map[string]any)["name"] != "getWeather" {
		t.Errorf("tools %v", tool)
	}
	object := run[textResponse](t, m, llama, `{"prompt":"x","response_format":{"type":"json_schema","json_schema":{"type":"object"}}}`)
	if fmt.Sprint(object.Response) != "map[ok:true]" {
		t.Errorf("%+v", object)
	}
	if f := s.requests[3]["response_format"].(map[string]any)["json_schema"].(map[string]any); f["name"] != "answer" || f["schema"] == nil {
		t.Errorf("response_format %v", f)
	}
	if a, err := runAnswer(t, m, sdxl, `{"prompt":"x"}`); err != nil || a.Source != "generator" {
		t.Errorf("an image comes from the generator: %v %v", a, err)
	}
}

func TestBackendErrors(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := runAnswer(t, openModelsWith(t, Options{Backend: answers.Backend{URL: gone.URL + "/v1"}}), llama, `{"prompt":"x"}`)
	wantError(t, err, 10502, "the AI backend "+gone.URL+"/v1 does not answer", "refused", "[ai] backend")
	for body, want := range map[string]string{
		`{"error":{"message":"model not found, key sk-abcdefghijkl"}}`: "answered 404: model not found, key [redacted]; name a model that it has",
		`{"error":"no such model"}`:                                    "answered 404: no such model",
		`plain`:                                                        "answered 404: plain",
	} {
		s := startServer(t, func(w http.ResponseWriter, _ map[string]any) {
			w.WriteHeader(404)
			_, _ = io.WriteString(w, body)
		})
		_, err := runAnswer(t, openModelsWith(t, Options{Backend: answers.Backend{URL: s.URL}}), llama, `{"prompt":"x"}`)
		wantError(t, err, 10502, want)
	}
	for _, body := range []string{`{`, `{"choices":[]}`} {
		s := startServer(t, func(w http.ResponseWriter, _ map[string]any) { _, _ = io.WriteString(w, body) })
		_, err := runAnswer(t, openModelsWith(t, Options{Backend: answers.Backend{URL: s.URL}}), llama, `{"prompt":"x"}`)
		wantError(t, err, 10502, "does not answer")
	}
	// A stream that breaks off has no end that looks like one.
	s := startServer(t, func(w http.ResponseWriter, _ map[string]any) {
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"content":"half"}}]}`+"\n\n")
	})
	a, err := runAnswer(t, openModelsWith(t, Options{Backend: answers.Backend{URL: s.URL}}), llama, `{"prompt":"x","stream":true}`)
	if err != nil {
		t.Fatal(err)
	}
	if frames := framesOf(a); len(frames) != 1 || strings.Contains(frames[0], "DONE") {
		t.Errorf("%q", frames)
	}
	for _, address := range []string{"localhost:11434", "ftp://x/v1", "http://user:pass@x/v1"} {
		if _, err := Open(Options{Backend: answers.Backend{URL: address}}); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestRecording records what a backend says, then answers from the files with
// nobody there. The key and secrets in the prompt are in none of them.
func TestRecording(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(w http.ResponseWriter, body map[string]any) {
		if body["input"] != nil {
			_, _ = io.WriteString(w, `{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`)
			return
		}
		chatReply(w, body)
	})
	dir := filepath.Join(t.TempDir(), "recorded")
	m := openModelsWith(t, Options{Backend: answers.Backend{URL: s.URL, Key: "k-secret-key"}, Recordings: dir, Record: true})
	const secret = `{"prompt":"hello, my key is sk-0123456789abcdef"}`
	inputs := []string{secret, `{"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"getWeather"}]}`}
	var first []textResponse
	for _, in := range inputs {
		first = append(first, run[textResponse](t, m, llama, in))
	}
	a, err := runAnswer(t, m, llama, `{"prompt":"a stream","stream":true}`)
	if err != nil {
		t.Fatal(err)
	}
	framesOf(a)
	const bge = "@cf/baai/bge-m3"
	vectors, err := runAnswer(t, m, bge, `{"text":["a","b"]}`)
	if err != nil || string(vectors.Body) != `{"data":[[1,0],[0,1]],"pooling":"mean","shape":[2,2]}` {
		t.Fatalf("%s %v", vectors.Body, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if len(files) != 4 {
		t.Fatalf("files %v", files)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil || strings.Contains(string(data), "k-secret") || strings.Contains(string(data), "sk-0123") || !strings.Contains(string(data), "usage:\n  prompt_tokens: ") {
			t.Errorf("%v: %s", err, data)
		}
	}
	asked := len(s.requests)
	s.Close()
	again := openModelsWith(t, Options{Recordings: dir, Strict: true})
	for i, in := range inputs {
		if got := run[textResponse](t, again, llama, in); fmt.Sprint(got) != fmt.Sprint(first[i]) {
			t.Errorf("%+v, recorded %+v", got, first[i])
		}
	}
	if got := responseText(t, again, `{"prompt":"a stream"}`); got != "real stream" {
		t.Errorf("what was streamed: %q", got)
	}
	if got, err := runAnswer(t, again, bge, `{"text":["a","b"]}`); err != nil || string(got.Body) != string(vectors.Body) || !strings.HasPrefix(got.Source, "recording bge-m3-") {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := runAnswer(t, again, llama, `{"prompt":"another"}`); err == nil {
		t.Error("another prompt was answered")
	}
	if len(s.requests) != asked {
		t.Error("the backend was asked again")
	}
}
