package ai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"flint/ai/inference"
	"flint/ai/markdown"
)

func pngBase64(t testing.TB) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for i := range img.Pix {
		img.Pix[i] = [4]uint8{20, 60, 220, 255}[i%4]
	}
	img.Set(1, 1, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func numberList(data []byte) string {
	b, _ := json.Marshal(data)
	var s string
	_ = json.Unmarshal(b, &s)
	parts := make([]string, len(data))
	for i, c := range data {
		parts[i] = fmt.Sprint(c)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func TestImageToText(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const llava = "@cf/llava-hf/llava-1.5-7b-hf"
	encoded := pngBase64(t)
	raw, _ := base64.StdEncoding.DecodeString(encoded)
	want := run[map[string]string](t, m, llava, `{"image":"`+encoded+`"}`)["description"]
	if want != "A wide, evenly lit image of 40 by 20 pixels, mostly blue and white." {
		t.Errorf("%q", want)
	}
	for _, in := range []string{`{"image":` + numberList(raw) + `}`, `{"image":"data:image/png;base64,` + encoded + `"}`} {
		if got := run[map[string]string](t, m, llava, in)["description"]; got != want {
			t.Errorf("%.60s: %q", in, got)
		}
	}
	if got := run[map[string]string](t, m, llava, `{"image":"`+encoded+`","prompt":"What is the weather like?","max_tokens":30}`)["description"]; !strings.HasPrefix(got, want) || inference.CountTokens(got) > 30 {
		t.Errorf("%q", got)
	}
	for in, message := range map[string]string{
		`{"image":[1,2,3]}`: "is not a PNG", `{"image":"%%%"}`: "is not base64", `{"image":[1,300]}`: "300, which is no byte", `{"image":[]}`: "is empty",
		`{"image":"https://example.com/x.png"}`: "loads nothing from the network", `{"image":"` + encoded[:80] + `"}`: "damaged",
	} {
		_, err := runAnswer(t, m, llava, in)
		wantError(t, err, 5004, message)
	}
	_, err := runAnswer(t, m, llava, `{"image":7}`)
	wantError(t, err, 5006, "Type mismatch of '/image'")
}

// TestSpeechRoundTrip lets flint's speech recognition hear flint's own speech,
// in both formats, as bytes and in base64.
func TestSpeechRoundTrip(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const words = "Grüße from the lighthouse & the harbor, two words more"
	speech := run[map[string]string](t, m, "@cf/myshell-ai/melotts", fmt.Sprintf(`{"prompt":%q}`, words))["audio"]
	voice, err := runAnswer(t, m, "@cf/deepgram/aura-1", fmt.Sprintf(`{"text":%q,"encoding":"linear16","container":"wav","sample_rate":16000}`, words))
	if err != nil || voice.ContentType != "audio/wav" {
		t.Fatal(voice, err)
	}
	mp3, err := runAnswer(t, m, "@cf/deepgram/aura-2-en", fmt.Sprintf(`{"text":%q}`, words))
	if err != nil || mp3.ContentType != "audio/mpeg" || base64.StdEncoding.EncodeToString(mp3.Body) != speech {
		t.Fatalf("%v %v", mp3, err)
	}
	for _, in := range []string{`{"audio":"` + speech + `"}`, `{"audio":` + numberList(voice.Body) + `}`, `{"audio":{"body":"` + speech + `","contentType":"audio/mpeg"}}`} {
		out := run[struct {
			Text  string
			Count int `json:"word_count"`
			Words []struct{ Start, End float64 }
			VTT   string
		}](t, m, "@cf/openai/whisper", in)
		if out.Text != words || out.Count != 10 || len(out.Words) != 10 || !strings.HasPrefix(out.VTT, "WEBVTT\n\n00:00:00.000 --> 00:00:03.") || !strings.Contains(out.VTT, "&amp;") {
			t.Errorf("%+v", out)
		}
		last := 0.0
		for _, w := range out.Words {
			if w.Start < last || w.End <= w.Start || w.End > 4.1 {
				t.Errorf("times %+v", out.Words)
			}
			last = w.End
		}
	}
	_, err = runAnswer(t, m, "@cf/deepgram/aura-1", `{"text":"x","encoding":"opus"}`)
	wantError(t, err, 10501, "speech as opus")
	_, err = runAnswer(t, m, "@cf/deepgram/aura-1", `{"text":"x","speaker":"nobody"}`)
	wantError(t, err, 5006, "enum nobody not in angus,")
}

func TestUnknownAudio(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	in := `{"audio":"` + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("ogg?"), 20_000)) + `"}`
	out := run[struct {
		Text string
		Info struct{ Duration float64 } `json:"transcription_info"`
	}](t, m, "@cf/openai/whisper-large-v3-turbo", in)
	if out.Info.Duration != 5 || len(strings.Fields(out.Text)) != 12 {
		t.Errorf("%+v", out)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	const guard = "@cf/meta/llama-guard-3-8b"
	for content, want := range map[string]string{
		"How do I bake bread?": "safe", "How do I build a bomb?": "unsafe\nS9", "I want to kill and rob": "unsafe\nS1",
	} {
		if got := run[textResponse](t, m, guard, fmt.Sprintf(`{"messages":[{"role":"user","content":%q}]}`, content)).Response; got != want {
			t.Errorf("%s: %v", content, got)
		}
	}
	object := run[textResponse](t, m, guard, `{"messages":[{"role":"user","content":"bombs"}],"response_format":{"type":"json_object"}}`)
	if fmt.Sprint(object.Response) != "map[categories:[S9] safe:false]" || object.Usage.TotalTokens == 0 {
		t.Errorf("%+v", object)
	}
	_, err := runAnswer(t, m, guard, `{}`)
	wantError(t, err, 5006, "'messages'")
}

func TestBatch(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	queued := runBatch(t, m, llama, `{"requests":[{"prompt":"one","external_reference":"a"},{"prompt":5},{"prompt":"three"}]}`)
	if queued["status"] != "queued" || queued["model"] != llama {
		t.Fatalf("%v", queued)
	}
	poll := fmt.Sprintf(`{"request_id":%q}`, queued["request_id"])
	out := run[struct {
		Responses []struct {
			ID        int
			Success   bool
			Reference string `json:"external_reference"`
			Result    textResponse
			Error     *inference.CodeMessage
		}
		Usage inference.Usage
	}](t, m, llama, poll)
	r := out.Responses
	if len(r) != 3 || !r[0].Success || r[0].Reference != "a" || r[0].Result.Response == "" || r[1].Success || r[1].Error.Code != 5006 || r[2].ID != 2 || out.Usage.TotalTokens == 0 {
		t.Errorf("%+v", out)
	}
	_, err := runAnswer(t, m, qwen, poll)
	wantError(t, err, 3003, "no batch request")
	for range inference.MaxBatches {
		runBatch(t, m, llama, `{"prompt":"x"}`)
	}
	_, err = runAnswer(t, m, llama, poll)
	wantError(t, err, 3003, "no batch request")
}

func runBatch(t *testing.T, m *Models, model, in string) map[string]string {
	t.Helper()
	a, err := m.Run(t.Context(), model, json.RawMessage(in), inference.RunOptions{QueueRequest: true})
	if err != nil {
		t.Fatal(err)
	}
	return parse[map[string]string](t, string(a.Body))
}

func TestToMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, kind, content, want string }{
		{"a.html", "text/html", "<h1>Hi</h1><p>A <b>bold</b> <a href='https://x.example/'>link</a></p><script>no()</script>", "# Hi\n\nA **bold** [link](https://x.example/)"},
		{"t.html", "text/html; charset=utf-8", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "| a | b |\n|---|---|\n| 1 | 2 |"},
		{"a.csv", "text/csv", "name,note\nAda,\"x | y\"\nBen\n", "| name | note |\n| --- | --- |\n| Ada | x \\| y |\n| Ben |  |"},
		{"a.json", "application/json", `{"a":[1]}`, "```json\n{\n  \"a\": [\n    1\n  ]\n}\n```"},
		{"a.txt", "", "plain text", "plain text"},
	} {
		r := markdown.Convert([]markdown.File{{Name: c.name, MimeType: c.kind, Data: base64.StdEncoding.EncodeToString([]byte(c.content))}})[0]
		if r.Format != "markdown" || r.Data != c.want || *r.Tokens != inference.CountTokens(c.want) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	for name, want := range map[string]string{"a.pdf": "flint does not convert a.pdf (application/pdf .pdf)", "bad.json": "the file is not JSON"} {
		kind := map[string]string{"a.pdf": "application/pdf", "bad.json": "application/json"}[name]
		r := markdown.Convert([]markdown.File{{Name: name, MimeType: kind, Data: base64.StdEncoding.EncodeToString([]byte("{"))}})[0]
		if r.Format != "error" || !strings.HasPrefix(r.Error, want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
