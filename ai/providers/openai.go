package providers

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

var chatOpenAI = &chatDialect{idPrefix: "chatcmpl-", fingerprint: "fp_flint", hasRefusal: true, usage: openAIUsage}

// openAI is OpenAI's API: https://platform.openai.com/docs/api-reference
func (srv *Server) openAI() *provider {
	names := func() []string { return knownModels().OpenAI.names() }
	return &provider{server: srv, name: "OpenAI", hasKey: hasBearerToken, errorBody: openAIError, routes: []route{
		{http.MethodPost, "/v1/chat/completions", chatCall(openAIChat)},
		{http.MethodPost, "/v1/responses", (*provider).createResponse},
		{http.MethodPost, "/v1/embeddings", embeddingsCall(openAIDimensions)},
		{http.MethodPost, "/v1/images/generations", (*provider).createImages},
		{http.MethodGet, "/v1/models", listModels("openai", modelCreated, names)},
		{http.MethodGet, "/v1/models/*", oneModel("openai", modelCreated, names)},
	}}
}

func openAIUsage(done *inference.Completion) any {
	type cached struct {
		Cached int `json:"cached_tokens"`
	}
	type reasoning struct {
		Reasoning int `json:"reasoning_tokens"`
	}
	return struct {
		inference.Usage
		Prompt     cached    `json:"prompt_tokens_details"`
		Completion reasoning `json:"completion_tokens_details"`
	}{Usage: done.Usage}
}

// openAIChat takes the provider's own models and those of Workers AI.
func openAIChat(p *provider, in inference.Fields) (*chatDialect, error) {
	if err := checkOpenAIModel(p, inference.InputText(in, "model")); err != nil {
		return nil, err
	}
	d := *chatOpenAI
	d.omitsStreamUsage = !wantsStreamUsage(in)
	return &d, nil
}

func openAIDimensions(_ *provider, model string) (int, error) {
	if n := knownModels().OpenAI.Embeddings[model]; n > 0 {
		return n, nil
	}
	if known, err := inference.Lookup(model); err == nil && known.Shape == inference.ShapeEmbedding {
		return known.Dims, nil
	}
	return 0, noOpenAIModel(model)
}

// createImages answers POST /v1/images/generations with PNG files, in base64.
func (p *provider) createImages(w http.ResponseWriter, r *http.Request, _ string) error {
	in, err := CallFields(w, r)
	if err != nil {
		return err
	}
	model := inference.InputText(in, "model")
	if model != "" && !slices.Contains(knownModels().OpenAI.Images, model) {
		return noOpenAIModel(model)
	}
	if inference.InputText(in, "response_format") == "url" {
		return p.notServed("images by URL (response_format url)")
	}
	if isRequested(in, "stream") {
		return p.notServed("streamed images")
	}
	count, problem := in.Number("n", "integer", inference.Bounds{Min: 1, Max: 10}, 1)
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	width, height := imageSize(inference.InputText(in, "size"))
	data := []map[string]string{}
	for i := range int(count) {
		inputs, err := inference.EncodeJSON(map[string]any{"prompt": inference.InputText(in, "prompt"), "width": width, "height": height, "seed": i})
		if err != nil {
			return err
		}
		answer, err := p.server.engine.Run(r.Context(), "@cf/stabilityai/stable-diffusion-xl-base-1.0", inputs, inference.RunOptions{})
		if err != nil {
			return err
		}
		data = append(data, map[string]string{"b64_json": base64.StdEncoding.EncodeToString(answer.Body)})
	}
	return writeAnswer(w, map[string]any{"created": p.server.clock.Now().Unix(), "data": data, "output_format": "png"})
}

// imageSize reads 1024x1536; auto and anything else is 1024x1024.
func imageSize(size string) (width, height int) {
	a, b, _ := strings.Cut(size, "x")
	width, errA := strconv.Atoi(a)
	height, errB := strconv.Atoi(b)
	if errA != nil || errB != nil {
		return 1024, 1024
	}
	return width, height
}

// openAIError is the shape of every error of the API.
// https://platform.openai.com/docs/guides/error-codes
func openAIError(_ http.ResponseWriter, e *cferr.Error) any {
	kind, message := "invalid_request_error", e.Message
	var code any
	switch e.Status {
	case http.StatusUnauthorized:
		code = "invalid_api_key"
		if message == "" {
			code = nil
			message = "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
		}
	case http.StatusNotFound:
		if e.Code == inference.CodeNoSuchModel {
			code = "model_not_found"
		}
	case http.StatusTooManyRequests:
		kind, code = "requests", "rate_limit_exceeded"
		if strings.Contains(strings.ToLower(message), "quota") {
			kind, code = "insufficient_quota", "insufficient_quota"
		}
	case http.StatusNotImplemented:
		code = "not_served_by_flint"
	default:
		if e.Status >= 500 {
			kind = "server_error"
		}
	}
	return map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}}
}
