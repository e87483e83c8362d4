package ai

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"strings"
	"testing"

	"flint/ai/generate"
	"flint/ai/inference"
)

func decodeImage(t *testing.T, data []byte) (image.Image, string) {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img, format
}

func TestImages(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for _, c := range []struct {
		in   string
		w, h int
	}{
		{`{"prompt":"Personality visualization"}`, 512, 512},
		{`{"prompt":"Personality visualization","width":256,"height":640}`, 256, 640},
		{`{"prompt":"x","width":2048,"height":256}`, 2048, 256},
		{`{"prompt":"` + strings.Repeat("a very long prompt ", 200) + `","width":256,"height":256}`, 256, 256},
		{`{"prompt":"` + strings.Repeat("Ü", 3000) + `","width":256,"height":256}`, 256, 256},
		{`{"prompt":" \n "}`, 512, 512},
	} {
		a, err := m.Run(t.Context(), sdxl, json.RawMessage(c.in), inference.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		img, format := decodeImage(t, a.Body)
		if a.ContentType != "image/png" || format != "png" || img.Bounds().Dx() != c.w || img.Bounds().Dy() != c.h {
			t.Errorf("%.60s: %s %s %v", c.in, a.ContentType, format, img.Bounds())
		}
	}
}

// TestImageShowsPrompt finds the letters: white pixels, in other places for
// another prompt, and in the same places for the same one.
func TestImageShowsPrompt(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	draw := func(prompt string, seed int) []byte {
		a, err := m.Run(t.Context(), sdxl, json.RawMessage(fmt.Sprintf(`{"prompt":%q,"seed":%d}`, prompt, seed)), inference.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return a.Body
	}
	one := draw("curious and calm", 1)
	if !bytes.Equal(one, draw("curious and calm", 1)) {
		t.Error("the same prompt and seed gave other bytes")
	}
	if bytes.Equal(one, draw("curious and calm", 2)) || bytes.Equal(one, draw("curious and bold", 1)) {
		t.Error("another prompt or seed gave the same bytes")
	}
	img, _ := decodeImage(t, one)
	white := 0
	for y := range 512 {
		for x := range 512 {
			if r, g, b, _ := img.At(x, y).RGBA(); r == 0xffff && g == 0xffff && b == 0xffff {
				white++
			}
		}
	}
	if white < 1000 || white > 40000 {
		t.Errorf("%d white pixels", white)
	}
}

func TestOtherImageShapes(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	a, err := m.Run(t.Context(), "@cf/leonardo/phoenix-1.0", json.RawMessage(`{"prompt":"x","width":300,"height":256}`), inference.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if img, format := decodeImage(t, a.Body); a.ContentType != "image/jpeg" || format != "jpeg" || img.Bounds().Dx() != 300 {
		t.Errorf("%s %s", a.ContentType, format)
	}
	flux := run[struct{ Image string }](t, m, "@cf/black-forest-labs/flux-1-schnell", `{"prompt":"x"}`)
	data, err := base64.StdEncoding.DecodeString(flux.Image)
	if err != nil {
		t.Fatal(err)
	}
	if _, format := decodeImage(t, data); format != "jpeg" {
		t.Errorf("flux gave a %s", format)
	}
}

func cosine(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for name, dims := range map[string]int{"@cf/baai/bge-small-en-v1.5": 384, "@cf/baai/bge-base-en-v1.5": 768, "@cf/baai/bge-m3": 1024} {
		out := run[struct {
			Shape []int
			Data  [][]float64
		}](t, m, name, `{"text":["a calm walk in the forest","walking calmly through a forest","invoice for the third quarter","-"]}`)
		if len(out.Shape) != 2 || out.Shape[0] != 4 || out.Shape[1] != dims || len(out.Data) != 4 {
			t.Fatalf("%s: shape %v", name, out.Shape)
		}
		for i, v := range out.Data {
			if len(v) != dims || math.Abs(cosine(v, v)-1) > 1e-3 {
				t.Errorf("%s: vector %d has %d numbers and the length %g", name, i, len(v), cosine(v, v))
			}
		}
		near, far := cosine(out.Data[0], out.Data[1]), cosine(out.Data[0], out.Data[2])
		if near < 0.4 || far > 0.25 {
			t.Errorf("%s: alike %.2f, unlike %.2f", name, near, far)
		}
	}
	one := run[struct{ Shape []int }](t, m, "@cf/baai/bge-m3", `{"text":"one"}`)
	if one.Shape[0] != 1 {
		t.Errorf("shape %v", one.Shape)
	}
}

func TestRerank(t *testing.T) {
	t.Parallel()
	out := run[struct {
		Response []struct {
			ID    int
			Score float64
		}
	}](t, openModels(t), "@cf/baai/bge-reranker-base",
		`{"query":"how to water tomatoes","top_k":2,"contexts":[{"text":"quarterly report"},{"text":"water your tomatoes every morning"},{"text":"tomatoes"}]}`)
	if len(out.Response) != 2 || out.Response[0].ID != 1 || out.Response[1].ID != 2 || out.Response[0].Score <= out.Response[1].Score {
		t.Errorf("%+v", out.Response)
	}
}

func TestSentiment(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"I love this wonderful quiz": "POSITIVE", "What a terrible, boring waste": "NEGATIVE", "not good": "NEGATIVE", "It was not bad at all": "POSITIVE",
	} {
		out := run[[]generate.Label](t, openModels(t), "@cf/huggingface/distilbert-sst-2-int8", fmt.Sprintf(`{"text":%q}`, text))
		if len(out) != 2 || out[0].Label != want || out[0].Score < out[1].Score || math.Abs(out[0].Score+out[1].Score-1) > 1e-9 {
			t.Errorf("%s: %+v", text, out)
		}
	}
}

func TestTranslationAndSummary(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	if out := run[map[string]string](t, m, "@cf/meta/m2m100-1.2b", `{"text":"Hello","target_lang":"fr"}`); out["translated_text"] != "[en→fr] Hello" {
		t.Errorf("%v", out)
	}
	if _, err := m.Run(t.Context(), "@cf/meta/m2m100-1.2b", json.RawMessage(`{"text":"Hello"}`), inference.RunOptions{}); err == nil {
		t.Error("a translation without a target language")
	}
	long := "The harbor wakes early. Boats leave the harbor before the sun is up. My aunt likes tea. By noon the boats are back in the harbor, version 2.5 of the plan says."
	out := run[map[string]string](t, m, "@cf/facebook/bart-large-cnn", fmt.Sprintf(`{"input_text":%q}`, long))["summary"]
	if out == "" || len(out) >= len(long) || strings.Contains(out, "aunt") || !strings.Contains(out, "harbor") {
		t.Errorf("summary %q", out)
	}
	short := run[map[string]string](t, m, "@cf/facebook/bart-large-cnn", fmt.Sprintf(`{"input_text":%q,"max_length":4}`, long))["summary"]
	if inference.CountTokens(short) > 4 || short == "" {
		t.Errorf("summary %q", short)
	}
}

func BenchmarkImage512(b *testing.B) {
	m, err := Open(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		in := json.RawMessage(fmt.Sprintf(`{"prompt":"Personality visualization for openness, curiosity and calm","seed":%d}`, i))
		if _, err := m.Run(b.Context(), sdxl, in, inference.RunOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuiz(b *testing.B) {
	m, err := Open(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.Run(b.Context(), llama, json.RawMessage(`{"prompt":"Generate a big5 personality quiz..."}`), inference.RunOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
