package ai

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
	"flint/internal/testkit"
)

// wrongInputs breaks one rule of a model's schema, and says which input.
func wrongInputs(t *testing.T, m *inference.Model) (in, name string) {
	t.Helper()
	var good map[string]any
	if err := json.Unmarshal([]byte(sampleInputs(t, m)), &good); err != nil {
		t.Fatal(err)
	}
	for _, i := range m.Inputs {
		switch {
		case i.Enum != nil:
			good[i.Name] = "none of these"
		case i.Kind == "number" || i.Kind == "integer":
			good[i.Name] = "a text"
			if i.Size.Max == i.Size.Max {
				good[i.Name] = i.Size.Max + 1
			}
		case i.Kind == "boolean":
			good[i.Name] = "yes"
		case i.Kind == "texts":
			good[i.Name] = []any{"a", 7}
		case i.Kind == "string" && i.Name != "prompt":
			good[i.Name] = 7
		case i.Kind == "bytes" && i.Required:
			good[i.Name] = true
		case i.Kind == "object", i.Kind == "array":
			good[i.Name] = 7
		default:
			continue
		}
		raw, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw), i.Name
	}
	t.Fatalf("%s has nothing to break", m.Name)
	return "", ""
}

// TestInputs has every model refuse one wrong input, by name; TestOutputs has
// each take a good one.
func TestInputs(t *testing.T) {
	t.Parallel()
	c, err := inference.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	m, own := openModels(t), 0
	for _, model := range c.Models {
		if !model.HasFamilyInputs {
			own++
		}
		in, name := wrongInputs(t, model)
		_, err := m.Run(t.Context(), model.Name, json.RawMessage(in), inference.RunOptions{})
		if e := cferr.From(err); err == nil || e.Code != inference.CodeBadInput || !strings.Contains(e.Message, name) {
			t.Errorf("%s took %.200s: %v", model.Name, in, err)
		}
	}
	if own < 104 {
		t.Errorf("%d models have inputs of their own", own)
	}
}

func TestInputRules(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for _, c := range []struct{ model, in, want string }{
		{"@cf/deepgram/aura-1", `{"text":"x","speaker":"luna2"}`, "Error: enum luna2 not in angus,asteria,arcas,orion,orpheus,athena,luna,zeus,perseus,helios,hera,stella at '/speaker'"},
		{"@cf/deepgram/aura-2-es", `{"text":"x","speaker":"luna"}`, "Error: enum luna not in sirio,nestor,carina,celeste,alvaro,diana,aquila,selena,estrella,javier at '/speaker'"},
		{"@cf/black-forest-labs/flux-1-schnell", `{"prompt":"` + strings.Repeat("x", 2049) + `"}`, "Error: Length of '/prompt' must be <= 2048"},
		{"@cf/black-forest-labs/flux-1-schnell", `{"prompt":"x","steps":9}`, "Error: '/steps' must be <= 8"},
		{"@cf/leonardo/phoenix-1.0", `{"prompt":"x","guidance":1}`, "Error: '/guidance' must be >= 2"},
		{"@cf/qwen/qwen3-embedding-0.6b", `{"documents":[` + strings.Repeat(`"x",`, 32) + `"x"]}`, "Error: Length of '/documents' must be <= 32"},
		{"@cf/baai/bge-base-en-v1.5", `{"text":["x",""]}`, "Error: Length of '/text/1' must be >= 1 not met"},
		{"@cf/baai/bge-base-en-v1.5", `{"text":"x","pooling":"max"}`, "Error: enum max not in mean,cls at '/pooling'"},
		{"@cf/ai4bharat/indictrans2-en-indic-1B", `{"text":"x"}`, "Error: required properties at '/' are 'text,target_language'"},
		{"@cf/meta/llama-3.3-70b-instruct-fp8-fast", `{"prompt":"x","seed":0}`, "Error: oneOf at '/' not met, 0 matches: '/seed' must be >= 1"},
		{"@cf/moonshotai/kimi-k2.6", `{"prompt":"x","temperature":2.5}`, "Error: oneOf at '/' not met, 0 matches: '/temperature' must be <= 2"},
		{"@cf/meta/llama-3.2-1b-instruct", `{"prompt":"x","frequency_penalty":-1}`, "Error: oneOf at '/' not met, 0 matches: '/frequency_penalty' must be >= 0"},
		{"@cf/meta/llama-3.2-1b-instruct", `{"prompt":"` + strings.Repeat("x", 131073) + `"}`, "Error: oneOf at '/' not met, 0 matches: Length of '/prompt' must be <= 131072, required properties at '/' are 'messages'"},
		{"@cf/google/gemma-3-12b-it", `{"prompt":"x","guided_json":"{}"}`, "Error: oneOf at '/' not met, 0 matches: Type mismatch of '/guided_json', 'object' not in 'string'"},
		{"@cf/deepseek-ai/deepseek-v4-flash-0731", `{"prompt":"x","reasoning_effort":"auto"}`, "Error: oneOf at '/' not met, 0 matches: enum auto not in max,high,low,none,minimal,medium,xhigh at '/reasoning_effort'"},
		{"@cf/cloudflare/clef", `{"model":"clef","state":1}`, "Error: required properties at '/' are 'model,state,questions'"},
		{"@cf/leonardo/lucid-origin", `{"prompt":"x","width":2501}`, "Error: '/width' must be <= 2500"},
	} {
		_, err := m.Run(t.Context(), c.model, json.RawMessage(c.in), inference.RunOptions{})
		if e := cferr.From(err); err == nil || e.Code != inference.CodeBadInput || e.Message != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", c.model, err, c.want)
		}
	}
	for _, c := range []struct{ model, in string }{
		{llama, `{"prompt":"x","something_else":{"a":1},"top_k":null}`},
		{"@cf/leonardo/lucid-origin", `{"prompt":"x","width":1,"height":1}`},
		{"@cf/leonardo/lucid-origin", `{"prompt":"x","width":2500,"height":3}`},
		{"@cf/qwen/qwen3-embedding-0.6b", `{"queries":"x","documents":["y","z"],"instruction":"i"}`},
		{"@cf/moondream/moondream3.1-9B-A2B", `{"question":"Why?"}`},
		{"@cf/meta/llama-3.2-1b-instruct", `{"prompt":"x","top_p":2,"frequency_penalty":2}`},
		{"@cf/defog/sqlcoder-7b-2", `{"prompt":"x","frequency_penalty":-2}`},
		{"@cf/deepseek-ai/deepseek-v4-pro-0813", `{"prompt":"x","reasoning_effort":"auto"}`},
	} {
		if _, err := m.Run(t.Context(), c.model, json.RawMessage(c.in), inference.RunOptions{}); err != nil {
			t.Errorf("%s %s: %v", c.model, c.in, err)
		}
	}
}

func TestLoRA(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	in := json.RawMessage(`{"prompt":"Tell me about tea","lora":"my-finetune"}`)
	if _, err := m.Run(t.Context(), "@cf/mistral/mistral-7b-instruct-v0.2-lora", in, inference.RunOptions{}); err != nil {
		t.Error(err)
	}
	_, err := m.Run(t.Context(), "@cf/meta/llama-3.1-8b-instruct", in, inference.RunOptions{})
	if e := cferr.From(err); e.Code != 5005 || e.Status != http.StatusMethodNotAllowed {
		t.Error(err)
	}
}

func TestResponsesInput(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	out := run[providers.Response](t, m, "@cf/openai/gpt-oss-120b", `{"instructions":"Be kind.","input":"Tell me about tea","reasoning":{"effort":"low"}}`)
	if out.Object != "response" || out.Status != "completed" || len(out.Output) != 1 || !strings.Contains(strings.ToLower(out.Output[0].Content[0].Text), "tea") {
		t.Errorf("%+v", out)
	}
	a, err := m.Run(t.Context(), "@cf/openai/gpt-oss-20b", json.RawMessage(`{"input":[{"role":"user","content":"Tell me about tea"}],"stream":true}`), inference.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for frame := range a.Stream {
		last = string(frame)
	}
	if !strings.HasPrefix(last, "event: response.completed\n") {
		t.Errorf("the last event is %.80s", last)
	}
	if _, err := m.Run(t.Context(), llama, json.RawMessage(`{"input":"x"}`), inference.RunOptions{}); cferr.From(err).Code != inference.CodeBadInput {
		t.Errorf("another model took input: %v", err)
	}
}

func TestSight(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	image := `"data:image/png;base64,` + pngBase64(t) + `"`
	for _, in := range []string{
		`{"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":` + image + `}}]}]}`,
		`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":` + image + `},{"type":"text","text":"What is this?"}]}]}`,
		`{"prompt":"What is this?","image":"` + pngBase64(t) + `"}`,
	} {
		text := run[textResponse](t, m, "@cf/meta/llama-3.2-11b-vision-instruct", in).Response.(string)
		if !strings.HasPrefix(text, "A wide, ") || !strings.Contains(text, "40 by 20 pixels, mostly blue") {
			t.Errorf("%.80s\n%s", in, text)
		}
	}
	text := run[textResponse](t, m, "@cf/meta/llama-4-scout-17b-16e-instruct", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`).Response.(string)
	if !strings.HasPrefix(text, "An image at https://example.com/a.png, which flint does not load.") {
		t.Error(text)
	}
	_, err := m.Run(t.Context(), llama, json.RawMessage(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`), inference.RunOptions{})
	if cferr.From(err).Code != inference.CodeInvalidData {
		t.Error(err)
	}
}

// TestBatchSteps polls a batch that needs several polls.
func TestBatchSteps(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	queued := run[struct {
		RequestID string `json:"request_id"`
	}](t, m, llama, `{"prompt":"not queued"}`)
	in := `{"requests":[` + strings.TrimSuffix(strings.Repeat(`{"prompt":"hello"},`, 2*inference.BatchStep+1), ",") + `]}`
	a, err := m.Run(t.Context(), llama, json.RawMessage(in), inference.RunOptions{QueueRequest: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(a.Body, &queued); err != nil {
		t.Fatal(err)
	}
	poll := `{"request_id":"` + queued.RequestID + `"}`
	for i := range 4 {
		out := run[struct {
			Status    string
			Responses []batchResult
		}](t, m, llama, poll)
		if running := i < 2; running != (out.Status == "running") || !running && (len(out.Responses) != 2*inference.BatchStep+1 || out.Responses[200].ID != 200) {
			t.Errorf("poll %d: %q, %d answers", i, out.Status, len(out.Responses))
		}
	}
}

func TestGatewayBinding(t *testing.T) {
	t.Parallel()
	h := newBindingHandler(openModels(t), nil, nil)
	if w := testkit.Call(h, "GET", "/ai-gateway/gateways/mine/url/openai", ""); !strings.Contains(w.Body.String(), `"url":"https://gateway.ai.cloudflare.com/v1/flint/mine/openai/"`) {
		t.Errorf("getUrl: %s", w.Body)
	}
	body := `{"inputs":{"prompt":"hello"},"options":{"gateway":{"id":"mine","metadata":{"user":7},"skipCache":true,"cacheTtl":60,"cacheKey":"k"}}}`
	w := post(h, "/ai-gateway/run?version=3", body, "Content-Type", "application/json", "cf-consn-model-id", llama)
	id := w.Header().Get("cf-aig-log-id")
	if w.Code != 200 || id == "" || w.Header().Get("cf-aig-cache-status") != "MISS" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var one struct{ Result providers.GatewayLog }
	if w := testkit.Call(h, "GET", "/ai-gateway/gateways/mine/logs/"+id, ""); json.Unmarshal(w.Body.Bytes(), &one) != nil || one.Result.Model != llama || !one.Result.Success || one.Result.TokensOut == 0 || string(one.Result.Metadata) != `{"user":7}` {
		t.Errorf("getLog: %s", w.Body)
	}
	if w := testkit.Call(h, "PATCH", "/ai-gateway/gateways/mine/logs/"+id, `{"score":80,"feedback":1,"metadata":{"a":"b"}}`); w.Code != 200 {
		t.Errorf("patchLog: %s", w.Body)
	}
	if w := testkit.Call(h, "GET", "/ai-gateway/gateways/mine/logs/"+id, ""); !strings.Contains(w.Body.String(), `"score":80,"feedback":1`) {
		t.Errorf("getLog after patchLog: %s", w.Body)
	}
	for _, target := range []string{"/ai-gateway/gateways/other/logs/" + id, "/ai-gateway/gateways/mine/logs/none"} {
		if w := testkit.Call(h, "GET", target, ""); w.Code != 404 || !strings.Contains(w.Body.String(), "Log not found") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := testkit.Call(h, "PATCH", "/ai-gateway/gateways/mine/logs/"+id, `{"feedback":5}`); w.Code != 400 {
		t.Errorf("a wrong feedback: %s", w.Body)
	}
	quiet := strings.Replace(body, `"id":"mine"`, `"id":"mine","collectLog":false`, 1)
	w = post(h, "/ai-gateway/run?version=3", quiet, "Content-Type", "application/json", "cf-consn-model-id", llama)
	if got := testkit.Call(h, "GET", "/ai-gateway/gateways/mine/logs/"+w.Header().Get("cf-aig-log-id"), ""); got.Code != 404 {
		t.Errorf("collectLog false kept %s", got.Body)
	}
}

func TestGatewayUniversal(t *testing.T) {
	t.Parallel()
	h := newBindingHandler(openModels(t), nil, nil)
	w := post(h, "/ai-gateway/universal/run/mine", `[
		{"provider":"openai","endpoint":"chat/completions","headers":{},"query":{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}},
		{"provider":"workers-ai","endpoint":"`+llama+`","headers":{},"query":{"prompt":"Tell me about tea"}}]`, "Content-Type", "application/json", "cf-aig-metadata", `{"a":1}`)
	if w.Code != 200 || w.Header().Get("cf-aig-step") != "1" || !strings.Contains(strings.ToLower(w.Body.String()), "tea") {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if got := testkit.Call(h, "GET", "/ai-gateway/gateways/mine/logs/"+w.Header().Get("cf-aig-log-id"), ""); !strings.Contains(got.Body.String(), `"step":1`) || !strings.Contains(got.Body.String(), `"metadata":{"a":1}`) {
		t.Errorf("getLog: %s", got.Body)
	}
}
