package ai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
	"time"

	"flint/ai/inference"
	"flint/ai/markdown"
	"flint/ai/media"
	"flint/internal/cferr"
)

// Bounds of one call, whatever it is given: memory over the whole call, freed
// or not, beside a few times that of the request itself, and time.
const (
	mostAllocated = 96 << 20 * raceMemory
	mostOfInput   = 4 * raceMemory // bytes for each byte of the request
	mostTime      = 2 * time.Second * raceTime
)

// hostileInputs are inputs that ask for far more than they hold.
func hostileInputs(t *testing.T) map[string]struct{ model, in string } {
	schema := func(s string) string {
		return `{"prompt":"x","response_format":{"type":"json_schema","json_schema":` + s + `}}`
	}
	prompt := func(s string) string { return `{"prompt":` + inference.Quote(s) + `}` }
	var types, refs strings.Builder
	for i := range 4 {
		fmt.Fprintf(&types, "interface T%d {", i)
		for j := range 49 {
			fmt.Fprintf(&types, " a%d: T%d;", j, i+1)
		}
		types.WriteString(" }\n")
	}
	types.WriteString("interface T4 {" + strings.Repeat(" a: string;", 49) + " }\n")
	for i := range 200 {
		fmt.Fprintf(&refs, `,"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	}
	defs := `"$defs":{"x":{}` + refs.String() + `,"d200":{"type":"string"}}`
	nested := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	unique := nested(`{"type":"array","uniqueItems":true,"minItems":2,"items":`, `{"const":1}`, `}`, 22)
	requests := strings.TrimSuffix(strings.Repeat(`{"text":[`+strings.TrimSuffix(strings.Repeat(`"a",`, 100), ",")+`]},`, 10_000), ",")
	return map[string]struct{ model, in string }{
		"types that name each other":   {llama, prompt("JSON\n" + types.String())},
		"unclosed lists":               {llama, prompt("JSON " + strings.Repeat(`["`, 30_000) + strings.Repeat("[/*", 10_000))},
		"a million words":              {llama, prompt("Write 1000000 words, 99999 words, in 99999 sentences")},
		"a million items":              {llama, prompt("Give 99999 tips as JSON with the keys " + strings.Repeat("a1, ", 10_000))},
		"max_tokens":                   {llama, `{"prompt":"write 99999 words","max_tokens":1e18}`},
		"minItems":                     {llama, schema(`{"type":"array","minItems":1000000000,"items":{"type":"integer"}}`)},
		"minItems of nothing":          {llama, schema(`{"type":"array","minItems":1000000000,"uniqueItems":true,"items":{"enum":[1,2]}}`)},
		"minItems in minItems":         {llama, schema(nested(`{"type":"array","minItems":1000,"items":`, `{"type":"boolean"}`, `}`, 20))},
		"minLength":                    {llama, schema(`{"type":"string","minLength":1000000000}`)},
		"minLength often":              {llama, schema(`{"type":"array","minItems":1000,"items":{"type":"string","minLength":60000}}`)},
		"minLength with few tokens":    {llama, `{"max_tokens":1,` + schema(`{"type":"array","minItems":10,"items":{"type":"string","minLength":60000}}`)[1:]},
		"minProperties":                {llama, schema(`{"type":"object","minProperties":1000000000}`)},
		"unique in unique":             {llama, schema(unique)},
		"deep":                         {llama, schema(nested(`{"type":"array","items":`, `{}`, `}`, 4000))},
		"refs doubled":                 {llama, schema(`{` + defs + `,"$ref":"#/$defs/d0"}`)},
		"refs doubled in an other":     {llama, schema(`{` + defs + `,"oneOf":[{"type":"string"},{"$ref":"#/$defs/d0"}]}`)},
		"refs doubled in not":          {llama, schema(`{` + defs + `,"type":"string","not":{"$ref":"#/$defs/d0"}}`)},
		"ref to all of it":             {llama, schema(`{"title":"` + strings.Repeat("x", 1<<20) + `","type":"object","properties":{` + strings.TrimSuffix(strings.Repeat(`"a":{"$ref":"#"},`, 3000), ",") + `}}`)},
		"pattern of many states":       {llama, schema(`{"type":"string","pattern":"^((\\pL{30}){30}){1}$"}`)},
		"patterns of many states":      {llama, schema(`{"type":"array","prefixItems":[` + strings.TrimSuffix(strings.Repeat(`{"type":"string","pattern":"^([a-z]{999}|[^x]{999})$"},`, 300), ",") + `]}`)},
		"pattern of empty repetitions": {llama, schema(`{"type":"string","minLength":5,"pattern":"^((((((()*b*)*c*)*d*)*e*)*f*)*g*)*$"}`)},
		"patternProperties":            {llama, schema(`{"type":"object","patternProperties":{"([a-z]{999}|[^x]{999})":{}}}`)},
		"tools":                        {llama, `{"prompt":"call the tool","tools":[{"name":"tool","description":"","parameters":` + unique + `}]}`},
		"requests of embeddings":       {"@cf/baai/bge-m3", `{"requests":[` + requests + `]}`},
		"texts to embed":               {"@cf/baai/bge-m3", `{"text":[` + strings.TrimSuffix(strings.Repeat(inference.Quote(strings.Repeat("some words ", 20_000))+",", 100), ",") + `]}`},
		"contexts to rank":             {"@cf/baai/bge-reranker-base", `{"query":"a","contexts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"a b"},`, 500_000), ",") + `]}`},
		"long speech":                  {"@cf/deepgram/aura-1", `{"text":` + inference.Quote(strings.Repeat("a ", 19_999)) + `,"encoding":"linear16","sample_rate":48000}`},
		"long silence":                 {"@cf/myshell-ai/melotts", `{"prompt":` + inference.Quote(strings.Repeat("a ", 19_999)) + `}`},
		"slow audio":                   {"@cf/openai/whisper-large-v3-turbo", mediaURL("audio", slowWAV(1<<20))},
		"audio with a book in it":      {"@cf/openai/whisper", mediaURL("audio", append(media.ID3(strings.Repeat("a ", 900_000)), media.MakeMP3("")[20:]...))},
		"a large image to make":        {"@cf/stabilityai/stable-diffusion-xl-base-1.0", `{"prompt":"x","width":2048,"height":2048}`},
		"a large image to see":         {"@cf/microsoft/resnet-50", mediaURL("image", largePNG(t))},
		"a large GIF to see":           {"@cf/microsoft/resnet-50", mediaURL("image", largeGIF(t))},
		"a large JPEG to see":          {"@cf/microsoft/resnet-50", mediaURL("image", largeJPEG(t))},
		"questions":                    {"@cf/cloudflare/clef", `{"model":"clef","state":"x","questions":{"a":{"type":"choice","instructions":"x","criteria":{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 200_000), ",") + `}}}}`},
		"a long translation":           {"@cf/meta/m2m100-1.2b", `{"target_lang":"fr","text":` + inference.Quote(strings.Repeat("good morning ", 200_000)) + `}`},
		"a long summary":               {"@cf/facebook/bart-large-cnn", `{"input_text":` + inference.Quote(strings.Repeat("One thing. ", 200_000)) + `,"max_length":1000000000}`},
		"a long sentiment":             {"@cf/huggingface/distilbert-sst-2-int8", `{"text":` + inference.Quote(strings.Repeat("good bad ", 300_000)) + `}`},
		"a long guard":                 {"@cf/meta/llama-guard-3-8b", `{"messages":[{"role":"user","content":` + inference.Quote(strings.Repeat("kill ", 500_000)) + `}]}`},
	}
}

func mediaURL(name string, data []byte) string {
	raw, err := json.Marshal(map[string][]byte{name: data})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// slowWAV says that it has one byte a second.
func slowWAV(n int) []byte {
	b := append([]byte("RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x08\x00data\xff\xff\xff\x7f"), make([]byte, n)...)
	return b
}

func largePNG(t *testing.T) []byte {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 6300, 6300))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func largeGIF(t *testing.T) []byte {
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewPaletted(image.Rect(0, 0, 6300, 6300), color.Palette{color.Black, color.White}), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func largeJPEG(t *testing.T) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 6300, 6300)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// measureCall is what f allocates, freed or not, and how long it takes: the best of
// three, where others had the processor.
func measureCall(f func()) (allocated uint64, took time.Duration) {
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		f()
		took = time.Since(start)
		runtime.ReadMemStats(&after)
		if allocated = after.TotalAlloc - before.TotalAlloc; took <= mostTime {
			break
		}
	}
	return allocated, took
}

func TestHostileInputs(t *testing.T) {
	m, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range hostileInputs(t) {
		t.Run(name, func(t *testing.T) {
			allocated, took := measureCall(func() {
				a, err := m.Run(t.Context(), c.model, json.RawMessage(c.in), inference.RunOptions{})
				if err != nil {
					if e := cferr.From(err); e.Status >= 500 {
						t.Error(err)
					}
					t.Log(err)
					return
				}
				t.Log(len(a.Body), "bytes")
			})
			t.Logf("%d KB in, %d MB allocated, %v", len(c.in)>>10, allocated>>20, took)
			if allocated > mostAllocated+mostOfInput*uint64(len(c.in)) || took > mostTime {
				t.Errorf("%d MB allocated, %v", allocated>>20, took)
			}
		})
	}
}

func TestHostileMarkdown(t *testing.T) {
	for name, c := range map[string]struct{ file, data string }{
		"a cell of a million columns": {"x.html", `<table><tr><td colspan=1000000 rowspan=1000000>a</td></tr><tr><td>b</td></tr></table>`},
		"nested quotes":               {"x.html", strings.Repeat("<blockquote>", 400) + strings.Repeat("<p>a", 15_000)},
		"nested lists":                {"x.html", strings.Repeat("<ul><li>", 400) + strings.Repeat("<p>a", 20_000)},
		"nested tables":               {"x.html", strings.Repeat("<table><tr><td>", 150) + "a"},
		"nested emphasis":             {"x.html", strings.Repeat("<b><i><a href=x>", 3000) + "a"},
		"unclosed":                    {"x.html", strings.Repeat("<div", 500_000)},
		"one wide row":                {"x.csv", strings.Repeat(",", 999) + "\n" + strings.Repeat("a\n", 500_000)},
		"quotes":                      {"x.csv", `"` + strings.Repeat("|", 4_000_000) + `"`},
		"deep JSON":                   {"x.json", strings.Repeat("[", 9000) + strings.Repeat("1,", 100_000) + "1" + strings.Repeat("]", 9000)},
	} {
		t.Run(name, func(t *testing.T) {
			allocated, took := measureCall(func() {
				text, err := markdown.ConvertFile(c.file, "", []byte(c.data))
				t.Log(len(text), "bytes", err)
			})
			t.Logf("%d KB in, %d MB allocated, %v", len(c.data)>>10, allocated>>20, took)
			if allocated > mostAllocated+mostOfInput*uint64(len(c.data)) || took > mostTime {
				t.Errorf("%d MB allocated, %v", allocated>>20, took)
			}
		})
	}
}
