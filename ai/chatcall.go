package ai

import (
	"encoding/json"
	"net/http"

	"flint/internal/cferr"
)

// chatCall answers POST …/chat/completions. prepare checks what the API refuses
// before it reads the messages, and says how it spells the answer.
func chatCall(prepare func(p *provider, in fields) (*chatDialect, error)) serveCall {
	return func(p *provider, w http.ResponseWriter, r *http.Request, _ string) error {
		in, err := callFields(w, r)
		if err != nil {
			return err
		}
		return p.chat(w, r, in, prepare)
	}
}

func (p *provider) chat(w http.ResponseWriter, r *http.Request, in fields, prepare func(*provider, fields) (*chatDialect, error)) error {
	d, err := prepare(p, in)
	if err != nil {
		return err
	}
	for name, what := range map[string]string{"logprobs": "logprobs", "audio": "audio answers", "web_search_options": "web search"} {
		if asksFor(in, name) {
			return p.notServed(what)
		}
	}
	if n := string(in["n"]); in.has("n") && n != "1" {
		return p.notServed("more than one choice (n)")
	}
	req, done, err := p.ask(r, inputText(in, "model"), in)
	if err != nil {
		return err
	}
	if req.stream {
		p.models.chatStream(d, req, done).send(r.Context(), w)
		return nil
	}
	answer, err := jsonAnswer(p.models.chatObject(d, req, done), done.usage, done.source)
	if err != nil {
		return err
	}
	answer.send(r.Context(), w)
	return nil
}

// wantsStreamUsage reads stream_options.include_usage.
func wantsStreamUsage(in fields) bool {
	var o struct {
		Include bool `json:"include_usage"`
	}
	_ = json.Unmarshal(in["stream_options"], &o) // anything else asks for nothing
	return o.Include
}

// thoughts are what a reasoning model says before its answer: the question, cut
// short. Nothing here reasons; an app's code for it runs.
func thoughts(in fields) string {
	turns, _ := parseTurns(in)
	asked := (&textRequest{turns: turns}).last("user")
	short, _ := cut(asked, 40)
	return "The user asks: " + short + "\nI answer that."
}

// embeddingsCall answers POST …/embeddings in OpenAI's form. dims finds the
// length of a model's vectors.
func embeddingsCall(dims func(p *provider, model string) (int, error)) serveCall {
	return func(p *provider, w http.ResponseWriter, r *http.Request, _ string) error {
		in, err := callFields(w, r)
		if err != nil {
			return err
		}
		return p.embeddings(w, in, inputText(in, "model"), dims)
	}
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"`
}

func (p *provider) embeddings(w http.ResponseWriter, in fields, model string, dims func(*provider, string) (int, error)) error {
	n, err := dims(p, model)
	if err != nil {
		return err
	}
	width, problem := in.number("dimensions", "integer", bounds{1, float64(n)}, float64(n))
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	texts, problem := embeddingInput(in)
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	out := make([]embedding, len(texts))
	tokens := 0
	for i, t := range texts {
		tokens += countTokens(t)
		vector := Embed(t, int(width))
		out[i] = embedding{"embedding", i, vector}
		if inputText(in, "encoding_format") == "base64" {
			out[i].Embedding = packFloats(vector)
		}
	}
	w.Header().Set(headerSource, sourceGenerator)
	return writeAnswer(w, map[string]any{"object": "list", "data": out, "model": model, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens}})
}

// embeddingInput is one text or several; tokens (numbers) are not read.
func embeddingInput(in fields) (texts []string, problem string) {
	if !in.has("input") {
		return nil, missing("input")
	}
	var one string
	if json.Unmarshal(in["input"], &one) == nil {
		texts = []string{one}
	} else if json.Unmarshal(in["input"], &texts) != nil {
		return nil, mismatch("/input", "string", in["input"])
	}
	if len(texts) == 0 || len(texts) > maxProviderTexts {
		return nil, "'/input' must hold 1 to 2048 texts"
	}
	return texts, ""
}
