package answers

import (
	"encoding/json"
	"testing"

	"flint/ai/inference"
)

func FuzzScript(f *testing.F) {
	for _, s := range []string{"answers:\n  - {match: {prompt: x, call: 2}, text: y, delay: 1s}\n", "answers: [{json: {a: &x [1], b: *x}}]", "answers: [{stream: [a]}, {error: {code: 3040}}, {tool_calls: [{name: x, arguments: {a: .inf}}]}]", "answers: [{match: {messages: [{}]}, file: x}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseScript("x.yaml", data)
		if err != nil {
			return
		}
		q := &Query{Model: "@cf/meta/llama-3.1-8b-instruct", User: "a prompt", Turns: []inference.Turn{{Role: "user", Content: "a prompt"}}}
		for _, s := range list {
			if s.matches(q) != (len(s.unmetConditions(q)) == 0) {
				t.Errorf("%s matches and misses", s.source)
			}
			if s.object != nil && !json.Valid(s.object) {
				t.Errorf("%q", s.object)
			}
		}
		nearestScript(list, q)
	})
}
