package ai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"flint/ai/inference"
	"flint/ai/media"
)

func compileSchema(t testing.TB, raw []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, body []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = s.Validate(value)
	}
	if err != nil {
		t.Errorf("%v\nin %.400s", err, body)
	}
}

// TestFollowsSchemas generates for many seeds and checks with another
// implementation of JSON schema, formats included.
func TestFollowsSchemas(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for name, schema := range map[string]string{
		"quiz":       `{"type":"object","properties":{"title":{"type":"string","minLength":5,"maxLength":40},"questions":{"type":"array","minItems":3,"maxItems":3,"items":{"$ref":"#/$defs/q"}}},"required":["title","questions"],"additionalProperties":false,"$defs":{"q":{"type":"object","properties":{"text":{"type":"string"},"options":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string"},"score":{"type":"integer","minimum":1,"maximum":5}},"required":["text","score"]}}},"required":["text","options"]}}}`,
		"patterns":   `{"type":"object","properties":{"sku":{"type":"string","pattern":"^[A-Z]{3}-\\d{4}$"},"plate":{"type":"string","pattern":"^(?:[A-Z]{1,3}-)?[0-9]{2,5}[a-z]?$","minLength":6},"open":{"type":"string","pattern":"colou?r","minLength":30}},"required":["sku","plate","open"]}`,
		"formats":    `{"type":"object","properties":{"a":{"type":"string","format":"date-time"},"b":{"type":"string","format":"email"},"c":{"type":"string","format":"uuid"},"d":{"type":"string","format":"ipv6"},"e":{"type":"string","format":"uri"},"f":{"type":"string","format":"time"},"g":{"type":"string","format":"duration"},"h":{"type":"string","format":"hostname"}},"required":["a","b","c","d","e","f","g","h"]}`,
		"recursive":  `{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}},"parent":{"$ref":"#"}},"required":["name","children"]}`,
		"anyOf":      `{"type":"object","properties":{"kind":{"type":"string"}},"required":["kind"],"anyOf":[{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["x"]},{"properties":{"kind":{"const":"b"}}}]}`,
		"oneOf":      `{"oneOf":[{"type":"null"},{"type":"object","properties":{"n":{"type":["null","number"],"exclusiveMinimum":0,"exclusiveMaximum":1}},"required":["n"]}]}`,
		"allOf":      `{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":100,"maximum":110},"b":{"type":"boolean"}},"required":["b"]}]}`,
		"bounds":     `{"type":"array","minItems":4,"uniqueItems":true,"items":{"type":"integer","minimum":10,"maximum":50,"multipleOf":5}}`,
		"enums":      `{"type":"array","minItems":3,"maxItems":3,"uniqueItems":true,"items":{"enum":["red","green","blue"]}}`,
		"tuple":      `{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"items":false,"minItems":2}`,
		"map":        `{"type":"object","additionalProperties":{"type":"integer","minimum":0},"minProperties":3}`,
		"required":   `{"type":"object","required":["unnamed"],"properties":{"x":{"const":5}}}`,
		"fractional": `{"type":"object","properties":{"p":{"type":"number","minimum":0.2,"maximum":0.25}},"required":["p"]}`,
	} {
		s := compileSchema(t, []byte(schema))
		for seed := range 25 {
			in := fmt.Sprintf(`{"prompt":"Describe a garden","seed":%d,"response_format":{"type":"json_schema","json_schema":%s}}`, seed+1, schema)
			out := run[struct{ Response json.RawMessage }](t, m, llama, in)
			validate(t, s, out.Response)
		}
		if t.Failed() {
			t.Fatalf("schema %s", name)
		}
	}
	// A keyword that the generator does not follow is refused, never answered wrongly.
	_, err := runAnswer(t, m, llama, `{"prompt":"x","response_format":{"type":"json_schema","json_schema":{"type":"string","not":{"type":"string"}}}}`)
	wantError(t, err, 5024)
}

// TestPromptShapes reads what people write when they want JSON.
func TestPromptShapes(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	for prompt, schema := range map[string]string{
		"Rate this song. Respond with JSON: {\"rating\": 1-5, \"mood\": \"happy|sad|calm\", \"tags\": [\"string\"]}":                                                                                                                                                           `{"type":"object","properties":{"rating":{"type":"integer","minimum":1,"maximum":5},"mood":{"enum":["happy","sad","calm"]},"tags":{"type":"array","items":{"type":"string"}}},"required":["rating","mood","tags"]}`,
		"Give me a recipe as JSON of this type:\n```ts\ninterface Ingredient { name: string; grams: number }\ninterface Recipe {\n  title: string;\n  level: \"easy\" | \"hard\"; // how hard\n  ingredients: Ingredient[];\n  tags?: Array<string>;\n  created: Date\n}\n```": `{"type":"object","properties":{"title":{"type":"string"},"level":{"enum":["easy","hard"]},"ingredients":{"type":"array","minItems":1,"items":{"type":"object","required":["name","grams"],"properties":{"grams":{"type":"number"}}}},"tags":{"type":"array"},"created":{"format":"date-time"}},"required":["title","level","ingredients","created"]}`,
		"type Score = { value: number; label: 'low' | 'mid' | 'high' | null }\nAnswer with JSON that matches Score, for a rainy day.":                                                                                                                                          `{"type":"object","properties":{"value":{"type":"number"},"label":{"enum":["low","mid","high"]}},"required":["value","label"]}`,
		"Analyse the review \"great food\".\n\nOutput format:\n{\n  \"sentiment\": \"positive\",\n  \"confidence\": 0.93\n}\nJSON only.":                                                                                                                                       `{"type":"object","properties":{"sentiment":{"type":"string"},"confidence":{"type":"number"}},"required":["sentiment","confidence"]}`,
		"Summarise the meeting. Return JSON with the keys title, summary and score.":                                                                                                                                                                                           `{"type":"object","required":["title","summary","score"]}`,
		"Create a personality quiz with 4 questions. Respond with JSON: {\"title\": \"...\", \"questions\": [{\"question\": \"...\", \"options\": [{\"text\": \"...\", \"score\": 1}]}]}":                                                                                      `{"type":"object","properties":{"questions":{"type":"array","minItems":4,"maxItems":4,"items":{"type":"object","properties":{"options":{"type":"array","minItems":2}},"required":["question","options"]}}},"required":["title","questions"]}`,
	} {
		answer := askPrompt(t, m, prompt)
		validate(t, compileSchema(t, []byte(schema)), []byte(answer))
	}
}

func TestProseLength(t *testing.T) {
	t.Parallel()
	m := openModels(t)
	sentence := regexp.MustCompile(`[.?!](?:\s|$)`)
	for prompt, check := range map[string]func(string) bool{
		"Describe tea in two sentences.":               func(s string) bool { return len(sentence.FindAllString(s, -1)) == 2 },
		"Write a one-sentence summary of tea":          func(s string) bool { return len(sentence.FindAllString(s, -1)) == 1 },
		"Write about tea in 40 words":                  func(s string) bool { return len(strings.Fields(s)) == 40 && strings.HasSuffix(s, ".") },
		"Tell me about tea, at most 15 words":          func(s string) bool { return len(strings.Fields(s)) <= 15 },
		"Tell me about tea in 20 words or less":        func(s string) bool { return len(strings.Fields(s)) <= 20 },
		"Give me three tips for tea":                   func(s string) bool { return len(strings.Split(s, "\n")) == 3 && strings.HasPrefix(s, "1. ") },
		"Write two paragraphs about tea":               func(s string) bool { return len(strings.Split(s, "\n\n")) == 2 },
		"In exactly 1 sentence: what is a lighthouse?": func(s string) bool { return len(sentence.FindAllString(s, -1)) == 1 },
	} {
		if got := askPrompt(t, m, prompt); !check(got) {
			t.Errorf("%s\n%s", prompt, got)
		}
	}
}

// TestDeterminism asks every model twice, in two engines, and with another seed.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	c, err := inference.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	first, second, seeded := openModels(t), openModels(t), openModelsWith(t, Options{Seed: 99})
	changed := 0
	for _, model := range c.Models {
		in := json.RawMessage(sampleInputs(t, model))
		a, err := first.Run(t.Context(), model.Name, in, inference.RunOptions{})
		if err != nil {
			t.Fatalf("%s: %v", model.Name, err)
		}
		b, err := second.Run(t.Context(), model.Name, in, inference.RunOptions{})
		if err != nil || !bytes.Equal(a.Body, b.Body) || a.ContentType != b.ContentType {
			t.Errorf("%s: another answer the second time: %v", model.Name, err)
		}
		other, err := seeded.Run(t.Context(), model.Name, in, inference.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Body, other.Body) {
			changed++
		}
	}
	if changed < len(c.Models)/2 {
		t.Errorf("[ai] seed changed %d of %d answers", changed, len(c.Models))
	}
}

// sampleInputs are inputs that the model of any shape takes.
func sampleInputs(t testing.TB, model *inference.Model) string {
	t.Helper()
	switch model.Shape {
	case inference.ShapeEmbedding:
		return `{"text":["a calm walk","an invoice"]}`
	case inference.ShapeRerank:
		return `{"query":"tea","contexts":[{"text":"coffee"},{"text":"green tea"}]}`
	case inference.ShapeSentiment:
		return `{"text":"a lovely day"}`
	case inference.ShapeTranslation:
		return `{"text":"hello","target_lang":"fr"}`
	case inference.ShapeTranslations:
		return `{"text":["hello","bye"],"target_language":"hin_Deva"}`
	case inference.ShapeMoondream:
		return `{"image":"` + pngBase64(t) + `","question":"what is this?"}`
	case inference.ShapeSummary:
		return `{"input_text":"The harbor wakes. Boats leave the harbor. My aunt likes tea."}`
	case inference.ShapeTranscript, inference.ShapeTranscriptLong, inference.ShapeDeepgram, inference.ShapeTurn:
		return `{"audio":` + numberList(media.MakeWAV("", 8000)) + `}`
	case inference.ShapeDescription, inference.ShapeLabels, inference.ShapeBoxes:
		return `{"image":"` + pngBase64(t) + `","prompt":"what is this?"}`
	case inference.ShapeVoice:
		return `{"text":"hello there"}`
	case inference.ShapeGuard:
		return `{"messages":[{"role":"user","content":"hello"}]}`
	case inference.ShapeDecision:
		return `{"model":"clef","state":"a complaint","questions":{"urgent":{"type":"noul","instructions":"Is it urgent?"},"team":{"type":"choice","instructions":"Who?","criteria":{"a":null,"b":"second"}},"anger":{"type":"score","instructions":"How angry?","criteria":["not","a bit","very"]}}}`
	case inference.ShapePNG, inference.ShapeJPEG, inference.ShapeBase64:
		return `{"prompt":"a card","width":256,"height":256}`
	}
	return `{"prompt":"Tell me about tea"}`
}

// TestOutputs validates what every model of the catalogue answers against the
// documented shape of its answers (testdata/outputs).
func TestOutputs(t *testing.T) {
	t.Parallel()
	c, err := inference.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	m := openModels(t)
	schemas := map[string]*jsonschema.Schema{}
	for _, model := range c.Models {
		a, err := m.Run(t.Context(), model.Name, json.RawMessage(sampleInputs(t, model)), inference.RunOptions{})
		if err != nil {
			t.Errorf("%s: %v", model.Name, err)
			continue
		}
		if kind := map[string]string{inference.ShapePNG: "image/png", inference.ShapeJPEG: "image/jpeg", inference.ShapeVoice: "audio/mpeg"}[model.Shape]; kind != "" {
			if a.ContentType != kind || len(a.Body) == 0 {
				t.Errorf("%s: %s", model.Name, a.ContentType)
			}
			continue
		}
		if schemas[model.Shape] == nil {
			data, err := os.ReadFile(filepath.Join("testdata", "outputs", model.Shape+".json"))
			if err != nil {
				t.Fatal(err)
			}
			schemas[model.Shape] = compileSchema(t, data)
		}
		validate(t, schemas[model.Shape], a.Body)
	}
}

func FuzzPromptShape(f *testing.F) {
	for _, s := range []string{`Respond with JSON {"a": 1-5, "b": "x|y"}`, "interface A { b: B[] }\ninterface B { c: 'x' | 'y' } JSON", "type A = A[]; JSON", `JSON [{"a":...}]`, "keys a, b and c as JSON", "a quiz in 3 words, JSON {", "type X = { [key: string]: Array<X> } JSON"} {
		f.Add(s)
	}
	m, err := Open(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		in, err := json.Marshal(map[string]any{"prompt": "JSON " + prompt})
		if err != nil || len(prompt) > 4000 {
			return
		}
		a, err := m.Run(t.Context(), llama, in, inference.RunOptions{})
		if err != nil {
			return // what cannot be met is an error
		}
		var out struct{ Response string }
		if err := json.Unmarshal(a.Body, &out); err != nil {
			t.Fatal(err)
		}
		if !json.Valid([]byte(out.Response)) {
			t.Errorf("%q gave %q", prompt, out.Response)
		}
	})
}

func FuzzSchema(f *testing.F) {
	for _, s := range []string{`{"$ref":"#"}`, `{"type":"array","items":{"$ref":"#"},"minItems":1}`, `{"anyOf":[{"type":"null"},{"enum":[1,"a"]}]}`, `{"type":"string","pattern":"^(a|b)+[^x]{2,9}$"}`, `{"type":"number","multipleOf":0.1,"minimum":3}`} {
		f.Add(s)
	}
	m, err := Open(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		if !json.Valid([]byte(schema)) || len(schema) > 2000 {
			return
		}
		in := `{"prompt":"x","response_format":{"type":"json_schema","json_schema":` + schema + `}}`
		a, err := m.Run(t.Context(), llama, json.RawMessage(in), inference.RunOptions{})
		if err == nil && !json.Valid(a.Body) {
			t.Errorf("%s gave %s", schema, a.Body)
		}
	})
}

func BenchmarkEmbedding(b *testing.B) {
	m, err := Open(Options{})
	if err != nil {
		b.Fatal(err)
	}
	in := json.RawMessage(`{"text":"A calm walk through the forest on a Sunday morning, with a dog and no telephone."}`)
	for b.Loop() {
		if _, err := m.Run(b.Context(), "@cf/baai/bge-base-en-v1.5", in, inference.RunOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScripted(b *testing.B) {
	m, err := Open(Options{Scripts: []string{"../fixtures/ai"}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.Run(b.Context(), llama, json.RawMessage(`{"prompt":"Generate a quick personality quiz..."}`), inference.RunOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
