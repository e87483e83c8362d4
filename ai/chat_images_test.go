package ai

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/internal/cferr"
)

const blueImage = "40 by 20 pixels, mostly blue"

// JSON mode says what an image looks like where its schema asks for it.
func TestSightInJSON(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const schema = `{"type":"object","properties":{"description":{"type":"string"},"alt_text":{"type":"string","maxLength":30},"tags":{"type":"array","items":{"type":"string"}}},"required":["description","alt_text","tags"]}`
	messages := `"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,` + pngBase64(t) + `"}}]}]`
	got := run[struct {
		Response struct {
			Description string
			Alt         string `json:"alt_text"`
			Tags        []string
		}
	}](t, m, "@cf/meta/llama-4-scout-17b-16e-instruct", `{`+messages+`,"response_format":{"type":"json_schema","json_schema":`+schema+`}}`).Response
	if !strings.Contains(got.Description, blueImage) || len(got.Alt) > 30 || !strings.HasPrefix(got.Alt, "A wide") {
		t.Errorf("%+v", got)
	}
	for _, tag := range got.Tags {
		if strings.Contains(tag, "pixels") {
			t.Errorf("tags are %q", got.Tags)
		}
	}
	damaged := strings.ReplaceAll(messages, pngBase64(t), "AAAA")
	_, err := m.Run(t.Context(), "@cf/meta/llama-4-scout-17b-16e-instruct", json.RawMessage(`{`+damaged+`,"response_format":{"type":"json_object"}}`), inference.RunOptions{})
	if cferr.From(err).Code != inference.CodeInvalidData {
		t.Error(err)
	}
}

// Images in the forms of the other providers are looked at as well.
func TestSightOfProviders(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	p := m.Providers()
	image := pngBase64(t)
	claude := func(source string) string {
		return `{"model":"claude-sonnet-5","max_tokens":200,"messages":[{"role":"user","content":[{"type":"image","source":` + source + `},{"type":"text","text":"What is this?"}]}]}`
	}
	responses := func(part string) string {
		return `{"model":"gpt-5","input":[{"role":"user","content":[{"type":"input_text","text":"What is this?"},{"type":"input_image",` + part + `}]}]}`
	}
	for _, c := range []struct {
		name, host, path, body string
		status                 int
		want                   string
	}{
		{"base64", "api.anthropic.com", "/v1/messages", claude(`{"type":"base64","media_type":"image/png","data":"` + image + `"}`), 200, blueImage},
		{"url", "api.anthropic.com", "/v1/messages", claude(`{"type":"url","url":"https://example.com/a.png"}`), 200, "An image at https://example.com/a.png, which flint does not load."},
		{"file", "api.anthropic.com", "/v1/messages", claude(`{"type":"file","file_id":"file_1"}`), 200, "An image at file_1, which flint does not load."},
		{"damaged", "api.anthropic.com", "/v1/messages", claude(`{"type":"base64","media_type":"image/png","data":"AAAA"}`), 400, "is not a PNG"},
		{"data", "api.openai.com", "/v1/responses", responses(`"image_url":"data:image/png;base64,` + image + `"`), 200, blueImage},
		{"file", "api.openai.com", "/v1/responses", responses(`"file_id":"file_2"`), 200, "An image at file_2, which flint does not load."},
		{"damaged", "api.openai.com", "/v1/responses", responses(`"image_url":"data:image/png;base64,AAAA"`), 400, "is not a PNG"},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
		r.Header = http.Header{"Authorization": {"Bearer k"}, "Anthropic-Version": {"2023-06-01"}}
		w := httptest.NewRecorder()
		p[c.host].ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s", c.host, c.name, w.Code, w.Body)
		}
	}
}
