package providers

import (
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"flint/ai/inference"
	"flint/internal/cferr"
)

//go:embed providers.yaml
var providersYAML []byte

// modelFamily is the models of one provider.
type modelFamily struct {
	Families   []string       `yaml:"families"`
	Models     []string       `yaml:"models"`
	Embeddings map[string]int `yaml:"embeddings"` // name -> numbers in a vector
	Images     []string       `yaml:"images"`
}

// knows reports whether a name is a text model of the provider.
func (f *modelFamily) knows(model string) bool {
	if slices.Contains(f.Models, model) {
		return true
	}
	return f.Embeddings[model] == 0 && !slices.Contains(f.Images, model) &&
		slices.ContainsFunc(f.Families, func(start string) bool { return strings.HasPrefix(model, start) })
}

// names is every name, in a fixed order.
func (f *modelFamily) names() []string {
	out := append(slices.Clone(f.Models), f.Images...)
	for name := range f.Embeddings {
		out = append(out, name)
	}
	slices.Sort(out[len(f.Models)+len(f.Images):])
	return out
}

// providerModels is the table of providers.yaml.
type providerModels struct {
	AsOf      string      `yaml:"as_of"`
	OpenAI    modelFamily `yaml:"openai"`
	Anthropic modelFamily `yaml:"anthropic"`
	DeepSeek  modelFamily `yaml:"deepseek"`
}

// knownModels cannot fail on the file that is built in: a test reads it.
var knownModels = sync.OnceValue(func() *providerModels {
	var out providerModels
	if err := yaml.Unmarshal(providersYAML, &out); err != nil {
		return &providerModels{}
	}
	return &out
})

// modelCreated is the creation time of every model, in Unix seconds; the table holds none.
const modelCreated = 1735689600 // 2025-01-01

// openAIModel is one entry of the models list, as OpenAI and DeepSeek write it.
type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created,omitempty"`
	OwnedBy string `json:"owned_by"`
}

// listModels answers GET /models for the names of a family.
func listModels(owner string, created int64, names func() []string) handler {
	return func(_ *provider, w http.ResponseWriter, _ *http.Request, _ string) error {
		out := []openAIModel{}
		for _, name := range names() {
			out = append(out, openAIModel{name, "model", created, owner})
		}
		return writeAnswer(w, map[string]any{"object": "list", "data": out})
	}
}

// oneModel answers GET /models/NAME.
func oneModel(owner string, created int64, names func() []string) handler {
	return func(_ *provider, w http.ResponseWriter, _ *http.Request, name string) error {
		if !slices.Contains(names(), name) {
			return noOpenAIModel(name)
		}
		return writeAnswer(w, openAIModel{name, "model", created, owner})
	}
}

// writeAnswer writes an answer of status 200.
func writeAnswer(w http.ResponseWriter, v any) error {
	body, err := inference.EncodeJSON(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", inference.ContentJSON)
	_, _ = w.Write(body) // an error means that the client has disconnected
	return nil
}

// noOpenAIModel has CodeNoSuchModel, by which openAIError recognises it.
func noOpenAIModel(name string) *cferr.Error {
	return cferr.Newf(http.StatusNotFound, inference.CodeNoSuchModel, "The model `%s` does not exist or you do not have access to it.", name)
}

func checkOpenAIModel(_ *provider, model string) error {
	if model == "" {
		return cferr.New(http.StatusBadRequest, 0, "you must provide a model parameter")
	}
	if knownModels().OpenAI.knows(model) {
		return nil
	}
	if known, err := inference.Lookup(model); err == nil && (known.Shape == inference.ShapeResponse || known.Shape == inference.ShapeChat) {
		return nil
	}
	return noOpenAIModel(model)
}
