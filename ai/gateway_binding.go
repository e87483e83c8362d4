package ai

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
	"flint/internal/intercept"
)

// gatewayAccount stands for the account in the addresses of gateways.
const gatewayAccount = "flint"

// gateway serves env.AI.gateway(ID): run, getUrl, getLog and patchLog.
// https://developers.cloudflare.com/ai-gateway/integrations/worker-binding-methods/
func (b *Binding) gateway(w http.ResponseWriter, r *http.Request) error {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/ai-gateway/"), "/")
	switch {
	case len(parts) == 3 && parts[0] == "universal" && parts[1] == "run" && r.Method == http.MethodPost:
		op := &intercept.Op{Service: "ai", Resource: parts[2], Action: "gateway"}
		return b.chain.Do(r.Context(), op, func(ctx context.Context) error {
			return b.universal(w, r.WithContext(ctx), parts[2])
		})
	case len(parts) == 4 && parts[0] == "gateways" && parts[2] == "url" && r.Method == http.MethodGet:
		address := "https://gateway.ai.cloudflare.com/v1/" + gatewayAccount + "/" + parts[1] + "/"
		if parts[3] != "universal" {
			address += parts[3] + "/"
		}
		cferr.WriteResult(w, map[string]string{"url": address}, nil)
		return nil
	case len(parts) == 4 && parts[0] == "gateways" && parts[2] == "logs" && r.Method == http.MethodGet:
		one, err := b.models.GatewayLogs.Get(parts[1], parts[3])
		if err == nil {
			cferr.WriteResult(w, one, nil)
		}
		return err
	case len(parts) == 4 && parts[0] == "gateways" && parts[2] == "logs" && r.Method == http.MethodPatch:
		in, err := providers.CallFields(w, r)
		if err == nil {
			err = b.models.GatewayLogs.Patch(parts[1], parts[3], in)
		}
		if err == nil {
			cferr.WriteResult(w, map[string]string{"id": parts[3]}, nil)
		}
		return err
	}
	return cferr.NotServed(r.Method + " " + r.URL.Path + " of env.AI.gateway()")
}

// universal runs a list of calls. A binding needs no key for Workers AI.
func (b *Binding) universal(w http.ResponseWriter, r *http.Request, id string) error {
	body, err := providers.ReadBody(w, r)
	if err != nil {
		return err
	}
	var steps []map[string]any
	if json.Unmarshal(body, &steps) == nil {
		for _, step := range steps {
			headers, _ := step["headers"].(map[string]any)
			if step["provider"] == "workers-ai" {
				if headers == nil {
					headers = map[string]any{}
				}
				headers["Authorization"] = "Bearer binding"
				step["headers"] = headers
			}
		}
		if body, err = inference.EncodeJSON(steps); err != nil {
			return err
		}
	}
	at := r.Clone(r.Context())
	at.URL.Path, at.URL.RawPath = "/v1/"+gatewayAccount+"/"+id, ""
	at.Body, at.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	(&providers.Gateway{Server: b.models.Server}).ServeHTTP(w, at)
	return nil
}

// logRun adds a run through a gateway to the gateway's log.
func (b *Binding) logRun(id string, opt inference.RunOptions, model string, request, response int, answer *inference.Answer, start time.Time, err error) {
	if opt.Gateway.ID == "" || opt.Gateway.CollectLog != nil && !*opt.Gateway.CollectLog {
		return
	}
	now := b.models.clock.Now()
	entry := &providers.GatewayLog{ID: id, Gateway: opt.Gateway.ID, Provider: "workers-ai", Model: model, Path: model, Duration: now.Sub(start).Milliseconds(),
		RequestType: inference.ContentJSON, ResponseType: inference.ContentJSON, Status: http.StatusOK, Success: err == nil, Metadata: opt.Gateway.Metadata,
		RequestSize: request, ResponseSize: response, CreatedAt: start}
	if err != nil {
		entry.Status = b.models.ClientError(err).Status
	}
	if answer != nil {
		entry.ResponseType, entry.TokensIn, entry.TokensOut = answer.ContentType, answer.Usage.PromptTokens, answer.Usage.CompletionTokens
	}
	b.models.GatewayLogs.Add(entry)
}
