package ai

import (
	"context"
	"encoding/json"
	"strings"

	"flint/ai/answers"
	"flint/ai/generate"
	"flint/ai/inference"
)

// hazards are words that make a text unsafe, by the categories of Llama Guard 3.
// The list only serves to reach both branches of an app; it is no safety filter.
// https://developers.cloudflare.com/workers-ai/models/llama-guard-3-8b/
var hazards = []struct {
	category string
	words    map[string]bool
}{
	{"S1", generate.WordSet("kill murder stab shoot massacre terrorist terrorism assassinate behead strangle")},
	{"S2", generate.WordSet("steal burglary robbery launder fraud counterfeit hack phishing ransomware malware smuggle")},
	{"S3", generate.WordSet("rape molest trafficking")},
	{"S4", generate.WordSet("pedophile grooming")},
	{"S5", generate.WordSet("defame slander libel")},
	{"S7", generate.WordSet("doxx dox")},
	{"S8", generate.WordSet("pirate torrent plagiarize keygen")},
	{"S9", generate.WordSet("bomb explosive explosives grenade anthrax sarin ricin bioweapon nerve-agent")},
	{"S10", generate.WordSet("subhuman vermin racist genocide")},
	{"S11", generate.WordSet("suicide self-harm anorexia overdose")},
	{"S12", generate.WordSet("porn pornographic nude erotic xxx")},
	{"S14", generate.WordSet("fork-bomb sandbox-escape")},
}

// unsafeCategories are the categories whose words occur in a text.
func unsafeCategories(text string) []string {
	have := map[string]bool{}
	for _, w := range inference.LowerWords(text[max(0, len(text)-inference.MaxPromptRead):]) {
		have[w], have[inference.Stem(w)] = true, true
	}
	lower := strings.ToLower(text[max(0, len(text)-inference.MaxPromptRead):])
	out := []string{}
	for _, h := range hazards {
		for w := range h.words {
			if have[w] || strings.Contains(w, "-") && strings.Contains(lower, strings.ReplaceAll(w, "-", " ")) {
				out = append(out, h.category)
				break
			}
		}
	}
	return out
}

// runGuard is Llama Guard: whether the last message is safe.
func (m *Models) runGuard(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	req := &inference.TextRequest{Model: known.Name, Ctx: ctx}
	turns, problem := inference.ParseTurns(in)
	if !in.Has("messages") && in.Has("prompt") {
		var prompt string
		if prompt, problem = in.Text("prompt", inference.Bounds{Min: 1, Max: inference.Unbounded}); problem == "" {
			turns = []inference.Turn{{Role: "user", Content: prompt}}
		}
	}
	if problem == "" {
		problem = known.CheckInputs(in)
	}
	if problem == "" {
		problem = req.ParseOptions(in)
	}
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	req.Turns = turns
	done, err := m.FromScripts(req)
	if err == nil && done == nil && m.strict {
		err = m.NoScriptError(answers.QueryOf(req))
	}
	if err != nil {
		return nil, err
	}
	if done == nil {
		done = judge(req)
	}
	done.FillUsage(req)
	return inference.JSONAnswer(responseObject(done), done.Usage, done.Source)
}

func judge(req *inference.TextRequest) *inference.Completion {
	found := unsafeCategories(req.Turns[len(req.Turns)-1].Content)
	done := &inference.Completion{Text: "safe", FinishReason: inference.FinishStop, Source: inference.SourceGenerator}
	if len(found) > 0 {
		done.Text = "unsafe\n" + strings.Join(found, ",")
	}
	if req.Format != nil {
		verdict := struct {
			Safe       bool     `json:"safe"`
			Categories []string `json:"categories"`
		}{len(found) == 0, found}
		if body, err := inference.EncodeJSON(verdict); err == nil {
			done.Object = json.RawMessage(body)
		}
	}
	return done
}
