package ai

import (
	"context"
	"encoding/json"
	"strings"
)

// hazards are words that let flint's guard call a text unsafe, by the categories
// of Llama Guard 3. It is a word list, no judge: enough to reach both branches of
// an app.
// https://developers.cloudflare.com/workers-ai/models/llama-guard-3-8b/
var hazards = []struct {
	category string
	words    map[string]bool
}{
	{"S1", wordSet("kill murder stab shoot massacre terrorist terrorism assassinate behead strangle")},
	{"S2", wordSet("steal burglary robbery launder fraud counterfeit hack phishing ransomware malware smuggle")},
	{"S3", wordSet("rape molest trafficking")},
	{"S4", wordSet("pedophile grooming")},
	{"S5", wordSet("defame slander libel")},
	{"S7", wordSet("doxx dox")},
	{"S8", wordSet("pirate torrent plagiarize keygen")},
	{"S9", wordSet("bomb explosive explosives grenade anthrax sarin ricin bioweapon nerve-agent")},
	{"S10", wordSet("subhuman vermin racist genocide")},
	{"S11", wordSet("suicide self-harm anorexia overdose")},
	{"S12", wordSet("porn pornographic nude erotic xxx")},
	{"S14", wordSet("fork-bomb sandbox-escape")},
}

// unsafe are the categories whose words occur in a text.
func unsafeCategories(text string) []string {
	have := map[string]bool{}
	for _, w := range tokensOf(text[max(0, len(text)-maxRead):]) {
		have[w], have[stem(w)] = true, true
	}
	lower := strings.ToLower(text[max(0, len(text)-maxRead):])
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

// runGuard is Llama Guard: it judges the last message.
func (m *Models) runGuard(ctx context.Context, known *Model, in fields) (*Answer, error) {
	req := &textRequest{model: known.Name, ctx: ctx}
	turns, problem := parseTurns(in)
	if !in.has("messages") && in.has("prompt") {
		var prompt string
		if prompt, problem = in.text("prompt", bounds{1, open}); problem == "" {
			turns = []turn{{"user", prompt}}
		}
	}
	if problem == "" {
		problem = known.check(in)
	}
	if problem == "" {
		problem = req.parseOptions(in)
	}
	if problem != "" {
		return nil, badInput(problem)
	}
	req.turns = turns
	done, err := m.fromScripts(req)
	if err == nil && done == nil && m.strict {
		err = m.noScript(req.asked())
	}
	if err != nil {
		return nil, err
	}
	if done == nil {
		done = judge(req)
	}
	done.count(req)
	return jsonAnswer(responseObject(done), done.usage, done.source)
}

func judge(req *textRequest) *completion {
	found := unsafeCategories(req.turns[len(req.turns)-1].Content)
	done := &completion{text: "safe", finish: finishStop, source: sourceGenerator}
	if len(found) > 0 {
		done.text = "unsafe\n" + strings.Join(found, ",")
	}
	if req.format != nil {
		verdict := struct {
			Safe       bool     `json:"safe"`
			Categories []string `json:"categories"`
		}{len(found) == 0, found}
		if body, err := encodeJSON(verdict); err == nil {
			done.object = json.RawMessage(body)
		}
	}
	return done
}
