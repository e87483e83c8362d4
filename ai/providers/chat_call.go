package providers

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/internal/cferr"
)

// chatCall answers POST …/chat/completions. prepare checks what the API refuses
// before it reads the messages, and says how it spells the answer.
func chatCall(prepare func(p *provider, in inference.Fields) (*chatDialect, error)) handler {
	return func(p *provider, w http.ResponseWriter, r *http.Request, _ string) error {
		in, err := CallFields(w, r)
		if err != nil {
			return err
		}
		return p.chat(w, r, in, prepare)
	}
}

func (p *provider) chat(w http.ResponseWriter, r *http.Request, in inference.Fields, prepare func(*provider, inference.Fields) (*chatDialect, error)) error {
	d, err := prepare(p, in)
	if err != nil {
		return err
	}
	for name, what := range map[string]string{"logprobs": "logprobs", "audio": "audio answers", "web_search_options": "web search"} {
		if isRequested(in, name) {
			return p.notServed(what)
		}
	}
	if n := string(in["n"]); in.Has("n") && n != "1" {
		return p.notServed("more than one choice (n)")
	}
	req, done, err := p.completeChat(r, inference.InputText(in, "model"), in)
	if err != nil {
		return err
	}
	if req.Stream {
		Send(r.Context(), p.server.ChatStream(d, req, done), w)
		return nil
	}
	answer, err := inference.JSONAnswer(p.server.ChatObject(d, req, done), done.Usage, done.Source)
	if err != nil {
		return err
	}
	Send(r.Context(), answer, w)
	return nil
}

// wantsStreamUsage reads stream_options.include_usage.
func wantsStreamUsage(in inference.Fields) bool {
	var o struct {
		Include bool `json:"include_usage"`
	}
	_ = json.Unmarshal(in["stream_options"], &o) // anything else asks for nothing
	return o.Include
}

// reasoningText is the reasoning that a model sends before its answer: the start
// of the question. It only exercises the app's code that reads reasoning.
func reasoningText(in inference.Fields) string {
	turns, _ := inference.ParseTurns(in)
	asked := (&inference.TextRequest{Turns: turns}).Last("user")
	short, _ := inference.TruncateTokens(asked, 40)
	return "The user asks: " + short + "\nI answer that."
}

// embeddingsCall answers POST …/embeddings in OpenAI's form. dims finds the
// length of a model's vectors.
func embeddingsCall(dims func(p *provider, model string) (int, error)) handler {
	return func(p *provider, w http.ResponseWriter, r *http.Request, _ string) error {
		in, err := CallFields(w, r)
		if err != nil {
			return err
		}
		return p.embeddings(w, in, inference.InputText(in, "model"), dims)
	}
}

func (p *provider) embeddings(w http.ResponseWriter, in inference.Fields, model string, dims func(*provider, string) (int, error)) error {
	n, err := dims(p, model)
	if err != nil {
		return err
	}
	width, problem := in.Number("dimensions", "integer", inference.Bounds{Min: 1, Max: float64(n)}, float64(n))
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	texts, problem := embeddingInput(in)
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	w.Header().Set(HeaderSource, inference.SourceGenerator)
	w.Header().Set("Content-Type", inference.ContentJSON)
	writeEmbeddings(w, texts, int(width), model, inference.InputText(in, "encoding_format") == "base64")
	return nil
}

// writeEmbeddings writes one vector after the other: thousands of long ones are
// more than should be held at a time. A client who leaves ends it.
func writeEmbeddings(w io.Writer, texts []string, width int, model string, packed bool) {
	tokens := 0
	b := []byte(`{"object":"list","data":[`)
	for i, t := range texts {
		t = inference.TruncateBytes(t, inference.MaxEmbeddedBytes)
		tokens += inference.CountTokens(t)
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"object":"embedding","index":`+strconv.Itoa(i)+`,"embedding":`...)
		if vector := generate.Embed(t, width); packed {
			b = append(b, inference.Quote(packFloats(vector))...)
		} else {
			b = generate.AppendVector(b, vector)
		}
		if _, err := w.Write(append(b, '}')); err != nil {
			return
		}
		b = b[:0]
	}
	_, _ = io.WriteString(w, `],"model":`+inference.Quote(model)+`,"usage":{"prompt_tokens":`+strconv.Itoa(tokens)+`,"total_tokens":`+strconv.Itoa(tokens)+`}}`) // an error means that the client has disconnected
}

// embeddingInput is one text or several; tokens (numbers) are not read.
func embeddingInput(in inference.Fields) (texts []string, problem string) {
	if !in.Has("input") {
		return nil, inference.Missing("input")
	}
	var one string
	if json.Unmarshal(in["input"], &one) == nil {
		texts = []string{one}
	} else if json.Unmarshal(in["input"], &texts) != nil {
		return nil, inference.Mismatch("/input", "string", in["input"])
	}
	if len(texts) == 0 || len(texts) > maxProviderTexts {
		return nil, "'/input' must hold 1 to 2048 texts"
	}
	return texts, ""
}

// packFloats is encoding_format base64: little-endian 32-bit numbers.
func packFloats(vector []float32) string {
	b := make([]byte, 0, 4*len(vector))
	for _, v := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(b)
}

// maxProviderTexts is how many texts one embeddings request may hold.
// https://platform.openai.com/docs/api-reference/embeddings/create
const maxProviderTexts = 2048
