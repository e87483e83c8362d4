package ai

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
)

func scriptFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFixtures holds the contract with the app: a quiz of each type, as JSON text.
func TestFixtures(t *testing.T) {
	t.Parallel()
	m := openModels(t, "../fixtures/ai")
	for kind, traits := range map[string]int{"big5": 5, "daily": 5, "quick": 5, "mood": 5} {
		in, _ := json.Marshal(map[string]any{"prompt": "Generate a " + kind + " personality quiz...", "max_tokens": 1000})
		a, err := m.Run(t.Context(), llama, in, inference.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Source != kind+".yaml:"+kind {
			t.Errorf("%s was answered by %s", kind, a.Source)
		}
		text := parse[textResponse](t, string(a.Body)).Response.(string)
		q := parseQuiz(t, text)
		q.check(t, 5, 10)
		if !strings.HasPrefix(text, `{"title":`) {
			t.Errorf("the order of keys is lost: %.60s", text)
		}
		seen := map[string]bool{}
		for _, item := range q.Questions {
			seen[item.Trait] = true
		}
		if len(seen) != traits {
			t.Errorf("%s: traits %v", kind, seen)
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	m := openModels(t, scriptFolder(t, map[string]string{
		"a.yaml": `
answers:
  - name: busy
    match: {pattern: "(?i)^overload"}
    error: {code: 3040, status: 429, message: "Capacity temporarily exceeded, please try again."}
  - match: {model: "@cf/qwen/*", prompt: hello}
    text: from qwen
  - match: {system: pirate, prompt: hello}
    text: arr
  - name: hi
    match: {prompt: HELLO world}
    json: &x {b: 1, a: [true, null, 2.5, "é<"]}
  - match: {prompt: as text}
    json: |
      { "z" : 1 }
`,
		"b.yml":      "answers:\n  - match: {prompt: hello}\n    text: second file\n",
		"ignored.md": "not: [yaml",
		"empty.yaml": "",
	}))
	_, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"Overload me"}`), inference.RunOptions{})
	var e *cferr.Error
	if !errors.As(err, &e) || *e != (cferr.Error{Code: 3040, Status: 429, Message: "Capacity temporarily exceeded, please try again."}) {
		t.Errorf("scripted error: %v", err)
	}
	for in, want := range map[string]string{
		"hello world": `{"b":1,"a":[true,null,2.5,"é<"]}`, "say Hello": "second file", "answer as text": `{"z":1}`,
	} {
		if got := askPrompt(t, m, in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	out := run[textResponse](t, m, llama, `{"messages":[{"role":"system","content":"You are a Pirate"},{"role":"user","content":"hello"}]}`)
	if out.Response != "arr" {
		t.Errorf("system: %v", out.Response)
	}
	chat := run[providers.ChatBody](t, m, "@cf/qwen/qwen3-30b-a3b-fp8", `{"prompt":"hello"}`)
	if chat.Choices[0].Message.Content != "from qwen" {
		t.Errorf("model: %+v", chat.Choices[0].Message)
	}
	object := run[textResponse](t, m, llama, `{"prompt":"hello world","response_format":{"type":"json_object"}}`)
	if _, ok := object.Response.(map[string]any); !ok {
		t.Errorf("JSON mode: %T", object.Response)
	}
	if _, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"hello","response_format":{"type":"json_object"}}`), inference.RunOptions{}); !errors.Is(err, inference.ErrJSONMode) {
		t.Errorf("a scripted text in JSON mode: %v", err)
	}
}

func TestBadScripts(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"answers:\n  - match: {promt: x}\n    text: y\n":       "line 2: unknown key match.promt",
		"answers:\n  - name: n\n    match: {prompt: x}\n":      "answer n: needs exactly one of text, json, stream, file, tool_calls and error",
		"answers:\n  - text: a\n    json: {}\n":                "answer 1: needs exactly one of text, json, stream, file, tool_calls and error",
		"answers:\n  - match: {pattern: \"(\"}\n    text: a\n": "answer 1: error parsing regexp",
		"answers:\n  - json: \"{\"\n":                          "answer 1: json: line 2: unexpected end of JSON input",
		"answers:\n  - json: {a: .nan}\n":                      "answer 1: json: line 2: json: unsupported value",
		"answers: 5\n":                                         "line 1",
		"answers:\n  - {match: {prompt: [1]}, text: a}\n":      "line 2",
		"answers:\n  - {json: {a: &l [*l]}}\n":                 "answer 1: json:",
	} {
		dir := scriptFolder(t, map[string]string{"x.yaml": content})
		_, err := Open(Options{Scripts: []string{dir}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml") {
			t.Errorf("%q\ngave %v\nwant %s", content, err, want)
		}
	}
	if _, err := Open(Options{Scripts: []string{filepath.Join(t.TempDir(), "absent")}}); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("an absent folder: %v", err)
	}
}
