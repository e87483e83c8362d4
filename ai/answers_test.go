package ai

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
	"flint/internal/clock"
)

func openModelsWith(t *testing.T, o Options) *Models {
	t.Helper()
	if o.Clock == nil {
		o.Clock = clock.NewFrozen(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	}
	m, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	m.CheckScriptsOnEachCall()
	return m
}

func wantError(t *testing.T, err error, code int, parts ...string) {
	t.Helper()
	var e *cferr.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want code %d", err, code)
	}
	for _, p := range parts {
		if !strings.Contains(e.Message, p) {
			t.Errorf("%q does not say %q", e.Message, p)
		}
	}
}

func runAnswer(t *testing.T, m *Models, model, inputs string) (*inference.Answer, error) {
	t.Helper()
	return m.Run(t.Context(), model, json.RawMessage(inputs), inference.RunOptions{})
}

func responseText(t *testing.T, m *Models, inputs string) string {
	t.Helper()
	s, _ := run[textResponse](t, m, llama, inputs).Response.(string)
	return s
}

func TestScriptConditions(t *testing.T) {
	t.Parallel()
	m := openModelsWith(t, Options{Scripts: []string{scriptFolder(t, map[string]string{"a.yaml": `
answers:
  - match: {prompt: flaky, call: 1}
    error: {code: 3040}
  - match: {prompt: flaky, call: 2}
    text: second
  - match: {prompt: flaky}
    text: later
  - match: {tools: [getWeather, getTime]}
    tool_calls: [{name: getWeather, arguments: {city: Oslo}}, {name: getTime}]
  - match: {messages: [{role: user, content: first}, {role: assistant}, {role: user, content: again}]}
    text: in a conversation
  - match: {task: Summarization, prompt: long}
    text: a summary
  - match: {task: Text-to-Image}
    file: card.png
  - match: {model: "@cf/baai/bge-m3"}
    json: {shape: [1, 2], data: [[0.6, 0.8]]}
  - match: {model: "@cf/openai/whisper*"}
    text: hello from the tape
  - match: {prompt: from a file}
    file: answer.txt
  - match: {prompt: pieces}
    stream: ["one ", "two ", "three"]
`, "card.png": "\x89PNG not really", "answer.txt": "the file says so"})}})
	_, err := runAnswer(t, m, llama, `{"prompt":"flaky"}`)
	wantError(t, err, 3040, "Capacity temporarily exceeded")
	for _, want := range []string{"second", "later", "later"} {
		if got := responseText(t, m, `{"prompt":"flaky"}`); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	out := run[textResponse](t, m, llama, `{"prompt":"x","tools":[{"name":"getTime"},{"name":"getWeather"}]}`)
	if len(out.Calls) != 2 || out.Calls[0].Name != "getWeather" || string(out.Calls[0].Arguments) != `{"city":"Oslo"}` || string(out.Calls[1].Arguments) != "{}" {
		t.Errorf("tool calls %+v", out.Calls)
	}
	if got := responseText(t, m, `{"messages":[{"role":"user","content":"First"},{"role":"assistant","content":"yes?"},{"role":"user","content":"and again"}]}`); got != "in a conversation" {
		t.Errorf("conversation: %q", got)
	}
	if got := run[map[string]string](t, m, "@cf/facebook/bart-large-cnn", `{"input_text":"a long text"}`); got["summary"] != "a summary" {
		t.Errorf("summary: %v", got)
	}
	if a, err := runAnswer(t, m, sdxl, `{"prompt":"x"}`); err != nil || string(a.Body) != "\x89PNG not really" || a.ContentType != "image/png" || a.Source != "a.yaml:7" {
		t.Errorf("file: %+v %v", a, err)
	}
	if got := run[map[string]string](t, m, "@cf/black-forest-labs/flux-1-schnell", `{"prompt":"x"}`); got["image"] != "iVBORyBub3QgcmVhbGx5" {
		t.Errorf("base64 file: %v", got)
	}
	if got := run[struct{ Data [][]float64 }](t, m, "@cf/baai/bge-m3", `{"text":"x"}`); got.Data[0][1] != 0.8 {
		t.Errorf("embedding: %v", got)
	}
	if got := run[struct {
		Text  string
		Count int `json:"word_count"`
	}](t, m, "@cf/openai/whisper", `{"audio":[1,2,3]}`); got.Text != "hello from the tape" || got.Count != 4 {
		t.Errorf("transcript: %+v", got)
	}
	if got := responseText(t, m, `{"prompt":"from a file"}`); got != "the file says so" {
		t.Errorf("text file: %q", got)
	}
	a, err := runAnswer(t, m, llama, `{"prompt":"pieces","stream":true}`)
	if err != nil {
		t.Fatal(err)
	}
	if frames := framesOf(a); len(frames) != 5 || !strings.Contains(frames[1], `"response":"two "`) {
		t.Errorf("stream: %q", frames)
	}
	_, err = runAnswer(t, m, "@cf/microsoft/resnet-50", `{"image":"`+pngBase64(t)+`"}`)
	if err != nil {
		t.Errorf("a task without a script: %v", err)
	}
}

func framesOf(a *inference.Answer) (out []string) {
	for f := range a.Stream {
		out = append(out, string(f))
	}
	return out
}

// TestScriptsReload saves a script under a running Models: better, then broken,
// then mended.
func TestScriptsReload(t *testing.T) {
	t.Parallel()
	dir := scriptFolder(t, map[string]string{"a.yaml": "answers:\n  - text: one\n"})
	m := openModelsWith(t, Options{Scripts: []string{dir}})
	save := func(content string) {
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ content, want string }{
		{"", "one"}, {"answers:\n  - text: second\n", "second"}, {"answers: [", "second"}, {"answers:\n  - text: mended now\n", "mended now"},
	} {
		if step.content != "" {
			save(step.content)
		}
		if got := responseText(t, m, `{"prompt":"x"}`); got != step.want {
			t.Errorf("after %q: %q", step.content, got)
		}
		if _, broken := m.Scripts(); (broken != nil) != (step.content == "answers: [") {
			t.Errorf("after %q: broken %v", step.content, broken)
		}
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	dir := scriptFolder(t, map[string]string{"q.yaml": `
answers:
  - name: big5
    match: {prompt: Generate a big5 personality quiz}
    text: yes
  - name: other
    match: {model: "@cf/qwen/*", system: pirate, prompt: something else}
    text: no
  - name: once
    match: {prompt: hello, call: 1}
    text: hi
`})
	m := openModelsWith(t, Options{Scripts: []string{dir}, Strict: true})
	_, err := runAnswer(t, m, llama, `{"prompt":"Generate a big-five personality quiz"}`)
	wantError(t, err, 10404, "no script answers "+llama, "the nearest is q.yaml:big5", `wants the prompt "Generate a big5 personality quiz"`, "strict is on")
	_, err = runAnswer(t, m, sdxl, `{"prompt":"a card"}`)
	wantError(t, err, 10404, sdxl)
	if got := responseText(t, m, `{"prompt":"hello"}`); got != "hi" {
		t.Errorf("%q", got)
	}
	_, err = runAnswer(t, m, llama, `{"prompt":"hello"}`)
	wantError(t, err, 10404, "q.yaml:once", "call 1 (this was call 2)")
	list, broken := m.Scripts()
	if broken != nil || len(list) != 3 || list[0].Used != 0 || list[2].Used != 1 || list[2].Line != 9 {
		t.Errorf("%+v %v", list, broken)
	}
	_, err = runAnswer(t, openModelsWith(t, Options{Strict: true}), llama, `{"prompt":"x"}`)
	wantError(t, err, 10404, "there are no scripts")
}

// recordingClock is a clock that says for how long somebody began to wait.
type recordingClock struct {
	*clock.Virtual
	waits chan time.Duration
}

// AfterFunc implements clock.Clock.
func (w *recordingClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	timer := w.Virtual.AfterFunc(d, f)
	w.waits <- d
	return timer
}

// TestPace moves the clock through a stream: each event waits for its time.
func TestPace(t *testing.T) {
	t.Parallel()
	clk := &recordingClock{clock.NewFrozen(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), make(chan time.Duration, 1)}
	t.Cleanup(clk.Close)
	dir := scriptFolder(t, map[string]string{"a.yaml": "answers:\n  - {match: {prompt: slow}, delay: 3s, stream: [a, b]}\n"})
	m := openModelsWith(t, Options{Clock: clk, Scripts: []string{dir}, Pace: inference.Pace{FirstToken: time.Second, EventsPerSecond: 2}})
	out, in := io.Pipe()
	go func() {
		a, err := m.Run(t.Context(), llama, json.RawMessage(`{"prompt":"slow","stream":true}`), inference.RunOptions{})
		if err == nil {
			providers.Send(t.Context(), a, &pipeWriter{in, http.Header{}})
		}
		_ = in.CloseWithError(err)
	}()
	buf := make([]byte, 4096)
	for i, want := range []time.Duration{3 * time.Second, time.Second, time.Second / 2, time.Second / 2, time.Second / 2} {
		if got := <-clk.waits; got != want {
			t.Errorf("wait %d is %s, want %s", i, got, want)
		}
		if err := clk.Advance(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			continue // the script's delay comes before the first event
		}
		n, err := out.Read(buf)
		if err != nil || !strings.HasPrefix(string(buf[:n]), "data: ") {
			t.Errorf("event %d: %q %v", i, buf[:n], err)
		}
	}
	if _, err := out.Read(buf); !errors.Is(err, io.EOF) {
		t.Errorf("after the last event: %v", err)
	}
}

// pipeWriter is a client that reads frame by frame.
type pipeWriter struct {
	*io.PipeWriter
	h http.Header
}

// Header implements http.ResponseWriter.
func (p *pipeWriter) Header() http.Header { return p.h }

// WriteHeader implements http.ResponseWriter.
func (p *pipeWriter) WriteHeader(int) {}

// Flush implements http.Flusher.
func (p *pipeWriter) Flush() {}

// TestManyStreams reads 500 paced streams side by side.
func TestManyStreams(t *testing.T) {
	t.Parallel()
	m := openModelsWith(t, Options{Clock: clock.New(), Pace: inference.Pace{EventsPerSecond: 2000}})
	srv := httptest.NewServer(newBindingHandler(m, nil, nil))
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 500}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	open := make(chan struct{})
	var ready sync.WaitGroup
	ready.Add(500)
	for range 500 {
		wg.Go(func() {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/run", strings.NewReader(`{"inputs":{"prompt":"Describe a lighthouse in two sentences","stream":true}}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("cf-consn-model-id", llama)
			res, err := client.Do(r)
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			<-open // all 500 are open before one is read to its end
			body, err := io.ReadAll(res.Body)
			if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
				t.Errorf("%v: %.80s", err, body)
			}
		})
	}
	ready.Wait()
	close(open)
	wg.Wait()
}
