package providers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// Gateway is AI Gateway: /v1/ACCOUNT/GATEWAY/PROVIDER/… passes a call to the
// provider, /v1/ACCOUNT/GATEWAY takes a list of calls of which the first that
// succeeds answers, and compat speaks OpenAI's form for all.
// https://developers.cloudflare.com/ai-gateway/usage/providers/
type Gateway struct{ Server *Server }

// maxUniversalCalls bounds the calls of one universal request.
const maxUniversalCalls = 20

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", 5)
	if len(parts) < 3 || parts[0] != "v1" || parts[1] == "" || parts[2] == "" {
		gatewayError(w, http.StatusNotFound, "AI Gateway paths are /v1/ACCOUNT/GATEWAY/PROVIDER/…, not "+r.URL.Path)
		return
	}
	id := RequestID()
	w.Header().Set("cf-aig-log-id", id)
	w.Header().Set("cf-aig-cache-status", "MISS")
	start, out := g.Server.clock.Now(), &ResponseCounter{ResponseWriter: w}
	w = out
	if r.Header.Get("Cf-Aig-Collect-Log") != "false" {
		defer func() { g.Server.GatewayLogs.Add(g.logOf(r, out, id, parts, start)) }()
	}
	if len(parts) == 3 || parts[3] == "" {
		g.universal(w, r)
		return
	}
	w.Header().Set("cf-aig-step", "0")
	rest := ""
	if len(parts) == 5 {
		rest = parts[4]
	}
	g.forward(w, r, parts[3], rest)
}

func (g *Gateway) logOf(r *http.Request, out *ResponseCounter, id string, parts []string, start time.Time) *GatewayLog {
	entry := &GatewayLog{ID: id, Gateway: parts[2], Provider: "universal", Duration: g.Server.clock.Now().Sub(start).Milliseconds(),
		RequestType: r.Header.Get("Content-Type"), ResponseType: out.Header().Get("Content-Type"), Status: out.status, Success: out.status < 400,
		RequestSize: max(0, int(r.ContentLength)), ResponseSize: out.Bytes, CreatedAt: start}
	if len(parts) > 3 && parts[3] != "" {
		entry.Provider = parts[3]
	}
	if len(parts) > 4 {
		entry.Path = parts[4]
	}
	entry.Step, _ = strconv.Atoi(out.Header().Get("cf-aig-step")) // none is the first
	if meta := r.Header.Get("Cf-Aig-Metadata"); json.Valid([]byte(meta)) {
		entry.Metadata = json.RawMessage(meta)
	}
	return entry
}

// forward sends a call to a provider under the provider's own path.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, name, rest string) {
	m := g.Server
	var h http.Handler
	path := ""
	switch name {
	case "workers-ai":
		if !hasBearerToken(r) {
			cferr.WriteError(w, cferr.New(http.StatusUnauthorized, 10000, "Authentication error"))
			return
		}
		if strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "%40") {
			rest = "run/" + rest
		}
		h, path = http.HandlerFunc(m.workersAI), "/"+rest
	case "openai":
		h, path = m.openAI(), "/v1/"+strings.TrimPrefix(rest, "v1/")
	case "anthropic":
		h, path = m.anthropic(), "/"+rest
	case "deepseek":
		h, path = m.deepSeek(), "/"+rest
	case "openrouter":
		h, path = m.openRouter(), "/api/v1/"+strings.TrimPrefix(strings.TrimPrefix(rest, "api/"), "v1/")
	case "compat":
		h, path = http.HandlerFunc(g.compat), "/"+rest
	default:
		gatewayError(w, http.StatusNotImplemented, "flint does not serve the provider "+name+" of AI Gateway yet (openai, anthropic, deepseek, openrouter, workers-ai and compat are)")
		return
	}
	u, err := url.Parse(path)
	if err != nil {
		gatewayError(w, http.StatusBadRequest, "the path "+path+" cannot be read")
		return
	}
	u.RawQuery = r.URL.RawQuery
	at := *r
	at.URL = u
	h.ServeHTTP(w, &at)
}

// compat answers /compat/chat/completions and /compat/embeddings: the model
// says the provider, as in openai/gpt-5 or workers-ai/@cf/….
// https://developers.cloudflare.com/ai-gateway/usage/chat-completion/
func (g *Gateway) compat(w http.ResponseWriter, r *http.Request) {
	p := &provider{server: g.Server, name: "AI Gateway", hasKey: hasBearerToken, errorBody: openAIError, routes: []route{
		{http.MethodPost, "/chat/completions", chatCall(gatewayChat)},
		{http.MethodPost, "/embeddings", embeddingsCall(func(p *provider, model string) (int, error) {
			_, name, _ := strings.Cut(model, "/")
			return openAIDimensions(p, name)
		})},
	}}
	p.ServeHTTP(w, r)
}

func gatewayChat(p *provider, in inference.Fields) (*chatDialect, error) {
	model := inference.InputText(in, "model")
	vendor, name, found := strings.Cut(model, "/")
	known := knownModels()
	ok := false
	switch vendor {
	case "openai":
		ok = known.OpenAI.knows(name)
	case "anthropic":
		ok = known.Anthropic.knows(name)
	case "deepseek":
		ok = known.DeepSeek.knows(name)
	case "openrouter":
		ok = strings.Contains(name, "/")
	case "workers-ai":
		_, err := compatChat(p, inference.Fields{"model": json.RawMessage(inference.Quote(name))})
		ok = err == nil
	default:
		if found {
			return nil, p.notServed("the provider " + vendor)
		}
	}
	if !ok {
		return nil, noOpenAIModel(model)
	}
	d := *chatOpenAI
	d.omitsStreamUsage = !wantsStreamUsage(in)
	return &d, nil
}

// universal tries the calls of a list in turn.
// https://developers.cloudflare.com/ai-gateway/usage/universal/
func (g *Gateway) universal(w http.ResponseWriter, r *http.Request) {
	body, err := ReadBody(w, r)
	var steps []struct {
		Provider, Endpoint string
		Headers            map[string]string
		Query              json.RawMessage
	}
	if err != nil || r.Method != http.MethodPost || json.Unmarshal(body, &steps) != nil || len(steps) == 0 || len(steps) > maxUniversalCalls {
		gatewayError(w, http.StatusBadRequest, "the universal endpoint takes a POST of a list of 1 to "+strconv.Itoa(maxUniversalCalls)+" calls: [{provider, endpoint, headers, query}]")
		return
	}
	for i, step := range steps {
		call := r.Clone(r.Context())
		for name, value := range step.Headers {
			call.Header.Set(name, value)
		}
		call.Body, call.ContentLength = io.NopCloser(bytes.NewReader(step.Query)), int64(len(step.Query))
		call.Header.Set("Content-Type", inference.ContentJSON)
		if step.Provider == "anthropic" && call.Header.Get("Anthropic-Version") == "" {
			call.Header.Set("Anthropic-Version", "2023-06-01")
		}
		try := &attempt{ResponseWriter: w, header: w.Header().Clone(), isLast: i == len(steps)-1}
		try.header.Set("cf-aig-step", strconv.Itoa(i))
		g.forward(try, call, step.Provider, step.Endpoint)
		if !try.isDiscarded {
			return
		}
	}
}

// attempt discards an answer with an error status, unless it is the last attempt.
type attempt struct {
	http.ResponseWriter
	header                   http.Header
	isLast                   bool
	wroteHeader, isDiscarded bool
}

// Header implements http.ResponseWriter.
func (a *attempt) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *attempt) WriteHeader(status int) {
	if a.wroteHeader {
		return
	}
	a.wroteHeader = true
	if a.isDiscarded = status >= 400 && !a.isLast; a.isDiscarded {
		return
	}
	for name, values := range a.header {
		a.ResponseWriter.Header()[name] = values
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (a *attempt) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.isDiscarded {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach Flush.
func (a *attempt) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// gatewayError is an error of the gateway itself.
func gatewayError(w http.ResponseWriter, status int, message string) {
	body, err := inference.EncodeJSON(map[string]any{"success": false, "result": []any{}, "messages": []any{}, "error": []inference.CodeMessage{{Code: 0, Message: message}}})
	if err != nil {
		body = nil
	}
	w.Header().Set("Content-Type", inference.ContentJSON)
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has disconnected
}
