package ai

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
	"flint/internal/intercept"
)

// Binding serves what env.AI of a Worker calls: the inner fetcher of workerd's
// cloudflare-internal:ai-api.
type Binding struct {
	models *Models
	chain  *intercept.Chain
}

// NewBinding makes the binding. A nil chain lets everything through; a log
// that is not nil takes the place of the one that models was opened with.
func NewBinding(models *Models, chain *intercept.Chain, log *slog.Logger) *Binding {
	if log != nil {
		own := *models
		own.log, own.Server = log, own.Server.WithLog(log)
		models = &own
	}
	return &Binding{models, chain}
}

// ServeBinding answers one call; resource is the name of the binding.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	id := providers.RequestID()
	w.Header().Set("cf-ai-req-id", id)
	var err error
	switch path := r.URL.Path; {
	case r.Header.Get("Upgrade") != "":
		err = cferr.NotServed(inference.NotServedSocket)
	case path == "/run" && r.Method == http.MethodPost:
		err = b.run(w, r, id)
	case path == "/ai-gateway/run" && r.Method == http.MethodPost:
		w.Header().Set("cf-aig-log-id", id)
		w.Header().Set("cf-aig-cache-status", "MISS")
		err = b.run(w, r, id)
	case strings.HasPrefix(path, "/ai-gateway/"):
		err = b.gateway(w, r)
	case strings.HasPrefix(path, "/to-everything/markdown/"):
		err = b.markdown(w, r)
	case path == "/ai-api/models/search" && r.Method == http.MethodGet:
		err = b.search(w, r, resource)
	default:
		err = cferr.NotServed(featureName(path))
	}
	if err != nil {
		b.fail(w, err)
	}
}

// featureName names the part of the AI binding that a path belongs to, for errors.
func featureName(path string) string {
	switch {
	case strings.HasPrefix(path, "/autorag/"):
		return "env.AI.autorag()"
	}
	return path + " of the AI binding"
}

func (b *Binding) run(w http.ResponseWriter, r *http.Request, id string) error {
	model := r.Header.Get("cf-consn-model-id")
	if at := strings.IndexByte(model, '@'); at > 0 && model[at-1] == ':' { // options.prefix
		model = model[at:]
	}
	if model == "" {
		return inference.Incomplete("cf-consn-model-id")
	}
	inputs, opt, err := bindingInputs(w, r, model)
	if err != nil {
		return err
	}
	op := &intercept.Op{Service: "ai", Resource: model, Action: "run", Bytes: int64(len(inputs))}
	var answer *inference.Answer
	start, out := b.models.clock.Now(), &providers.ResponseCounter{ResponseWriter: w}
	defer func() { b.logRun(id, opt, model, len(inputs), out.Bytes, answer, start, err) }()
	err = b.chain.Do(r.Context(), op, func(ctx context.Context) error {
		var err error
		answer, err = b.models.Run(ctx, model, inputs, opt)
		return err
	})
	if err != nil {
		return err
	}
	if answer == nil { // an intercept hook ended the call without an error
		err = cferr.Internal
		return err
	}
	providers.Send(r.Context(), answer, out)
	return nil
}

// bindingInputs reads {inputs, options}, or a form sent as a stream.
func bindingInputs(w http.ResponseWriter, r *http.Request, model string) (json.RawMessage, inference.RunOptions, error) {
	body, err := providers.ReadBody(w, r)
	if err != nil {
		return nil, inference.RunOptions{}, err
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == inference.ContentJSON {
		var call struct {
			Inputs  json.RawMessage      `json:"inputs"`
			Options inference.RunOptions `json:"options"`
		}
		if err := json.Unmarshal(body, &call); err != nil {
			return nil, inference.RunOptions{}, inference.Incomplete("the body is not JSON")
		}
		return call.Inputs, call.Options, nil
	}
	if inputs, ok, err := formInputs(contentType, body); ok {
		return inputs, inference.RunOptions{}, err
	}
	known, err := inference.Lookup(model)
	if err != nil {
		return nil, inference.RunOptions{}, err
	}
	inputs, err := streamInputs(known, []byte(r.URL.Query().Get("userInputs")), body)
	return inputs, inference.RunOptions{}, err
}

func (b *Binding) search(w http.ResponseWriter, r *http.Request, resource string) error {
	op := &intercept.Op{Service: "ai", Resource: resource, Action: "models"}
	return b.chain.Do(r.Context(), op, func(context.Context) error {
		found, info, err := inference.SearchModels(r.URL.Query())
		if err != nil {
			return err
		}
		cferr.WriteResult(w, found, info)
		return nil
	})
}

// bindingError is the form from which workerd makes an InferenceUpstreamError
// with the text "<internalCode>: <description>". Calls beside run read errors.
type bindingError struct {
	InternalCode int                     `json:"internalCode"`
	Name         string                  `json:"name"`
	Message      string                  `json:"message"`
	Description  string                  `json:"description"`
	Success      bool                    `json:"success"`
	Errors       []inference.CodeMessage `json:"errors"`
}

func (b *Binding) fail(w http.ResponseWriter, err error) {
	e := b.models.ClientError(err)
	text := strings.TrimPrefix(e.Message, "Error: ")
	body, err := inference.EncodeJSON(bindingError{e.Code, "AiError", "AiError: " + text, e.Message, false, []inference.CodeMessage{{Code: e.Code, Message: e.Message}}})
	if err != nil {
		body = nil
	}
	w.Header().Set("Content-Type", inference.ContentJSON)
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // an error means that the client has disconnected
}
