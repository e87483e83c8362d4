package generate

import (
	"encoding/json"
	"errors"
	"testing"

	"flint/ai/inference"
)

func FuzzFindExample(f *testing.F) {
	f.Add(`as JSON {"a": 1-5, b?: string[], "c": "x|y", // note` + "\n" + `d: [ {e: 'f'}, ... ]}`)
	f.Add("{{{[[[\"")
	f.Fuzz(func(t *testing.T, text string) {
		node, _ := findExample(text)
		if node == nil || len(text) > 1000 {
			return
		}
		req := &inference.TextRequest{Model: "@cf/meta/llama-3.1-8b-instruct", Turns: []inference.Turn{{Role: "user", Content: text}}}
		done, err := generateJSON(req, node)
		if errors.Is(err, inference.ErrJSONMode) {
			return
		}
		if err != nil || !json.Valid([]byte(done.Text)) {
			t.Fatalf("%v: %q gave %q", err, text, done.Text)
		}
	})
}
