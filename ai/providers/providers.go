package providers

import (
	"encoding/json"
	"net/http"
	"strings"

	"flint/ai/generate"
	"flint/ai/inference"
	"flint/internal/cferr"
)

// Providers are the hosts whose APIs this package answers in place of the real
// ones when a Worker calls fetch(): host -> handler.
func (srv *Server) Providers() map[string]http.Handler {
	return map[string]http.Handler{
		"api.deepseek.com":          srv.deepSeek(),
		"openrouter.ai":             srv.openRouter(),
		"api.openai.com":            srv.openAI(),
		"api.anthropic.com":         srv.anthropic(),
		"api.cloudflare.com":        http.HandlerFunc(srv.cloudflareAPI),
		"gateway.ai.cloudflare.com": &Gateway{srv},
	}
}

// ProviderPaths answers the same APIs below prefix, for clients on this machine:
// PREFIX + openai/v1/…, anthropic/v1/…, deepseek/…, openrouter/api/v1/…,
// workers-ai/v1/… and workers-ai/run/MODEL, gateway/v1/ACCOUNT/GATEWAY/….
func (srv *Server) ProviderPaths(prefix string) http.Handler {
	apis := map[string]http.Handler{
		"openai": srv.openAI(), "anthropic": srv.anthropic(), "deepseek": srv.deepSeek(), "openrouter": srv.openRouter(),
		"gateway": &Gateway{srv}, "workers-ai": http.HandlerFunc(srv.workersAI),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, prefix), "/")
		h, ok := apis[name]
		if !ok {
			cferr.WriteError(w, cferr.Newf(http.StatusNotFound, 7003, "flint answers openai, anthropic, deepseek, openrouter, workers-ai and gateway below %s, not %q", prefix, name))
			return
		}
		http.StripPrefix(prefix+name, h).ServeHTTP(w, r)
	})
}

// provider is one provider's API.
type provider struct {
	server    *Server
	name      string // as errors spell it
	routes    []route
	hasKey    func(r *http.Request) bool                         // whether the request has a key; its value is not checked
	errorBody func(w http.ResponseWriter, e *cferr.Error) any    // the shape of an error; it may set headers
	before    func(w http.ResponseWriter, r *http.Request) error // runs before every call; may be nil
}

// handler answers one call; rest is what * stood for in its path.
type handler func(p *provider, w http.ResponseWriter, r *http.Request, rest string) error

// route is one method and path; a path may end with *.
type route struct {
	method, path string
	serve        handler
}

func (c *route) match(path string) (rest string, ok bool) {
	if start, open := strings.CutSuffix(c.path, "*"); open {
		return strings.CutPrefix(path, start)
	}
	return "", path == c.path
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := p.answer(w, r); err != nil {
		e := p.server.ClientError(err)
		body, err := inference.EncodeJSON(p.errorBody(w, e))
		if err != nil {
			body = nil
		}
		w.Header().Set("Content-Type", inference.ContentJSON)
		if e.Status == http.StatusNotImplemented {
			w.Header().Set("X-Should-Retry", "false") // the official clients try again after any other 5xx
		}
		w.WriteHeader(e.Status)
		_, _ = w.Write(body) // an error means that the client has disconnected
	}
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) error {
	if !p.hasKey(r) {
		return errNoKey
	}
	if p.before != nil {
		if err := p.before(w, r); err != nil {
			return err
		}
	}
	other := false
	for i := range p.routes {
		c := &p.routes[i]
		rest, ok := c.match(r.URL.Path)
		if ok && c.method == r.Method {
			return c.serve(p, w, r, rest)
		}
		other = other || ok
	}
	if other {
		return cferr.New(http.StatusMethodNotAllowed, 0, "Method Not Allowed")
	}
	return cferr.NotServed(r.Method + " " + r.URL.Path + " of " + p.name + "'s API")
}

// notServed names a part of a request that flint does not serve.
func (p *provider) notServed(what string) error {
	return cferr.NotServed(what + " of " + p.name + "'s API")
}

// CallFields reads a JSON body.
func CallFields(w http.ResponseWriter, r *http.Request) (inference.Fields, error) {
	body, err := ReadBody(w, r)
	if err != nil {
		return nil, err
	}
	in, err := inference.ParseFields(body)
	if err != nil {
		return nil, cferr.New(http.StatusBadRequest, 0, "Failed to parse the request body as JSON")
	}
	return in, nil
}

// completeChat answers inputs in the form of a chat completion.
func (p *provider) completeChat(r *http.Request, model string, in inference.Fields) (*inference.TextRequest, *inference.Completion, error) {
	req := &inference.TextRequest{Model: model}
	turns, problem := inference.ParseTurns(in)
	choice := toolChoice(in)
	if choice == "none" {
		delete(in, "tools")
	}
	if problem == "" {
		problem = req.ParseOptions(in)
	}
	if problem != "" {
		return nil, nil, cferr.New(http.StatusBadRequest, 0, problem)
	}
	req.Turns = turns
	if choice != "" && choice != "required" && choice != "none" {
		req.Tools = keepTool(req.Tools, choice)
	}
	done, err := p.callEngine(r, req)
	if err == nil && choice != "" && len(done.Calls) == 0 && done.Source == inference.SourceGenerator {
		err = forceToolCall(req, done)
	}
	return req, done, err
}

// callEngine passes a request to the engine, with the caller's context.
func (p *provider) callEngine(r *http.Request, req *inference.TextRequest) (*inference.Completion, error) {
	req.Ctx, req.AcceptsLive = r.Context(), req.Stream
	return p.server.engine.Complete(req)
}

// brokeOff reports whether the backend's stream ended early. The stream to the
// client must then not end as a complete one does.
func brokeOff(c *inference.Completion) bool { return c.FinishReason == "error" }

// toolChoice is tool_choice: empty for auto, none, required, or the name of a tool.
func toolChoice(in inference.Fields) string {
	raw := in["tool_choice"]
	var word string
	if json.Unmarshal(raw, &word) == nil {
		if word == "auto" {
			return ""
		}
		return word
	}
	var named struct {
		Type, Name string
		Function   struct{ Name string }
	}
	if json.Unmarshal(raw, &named) != nil {
		return ""
	}
	switch {
	case named.Function.Name != "":
		return named.Function.Name
	case named.Name != "":
		return named.Name
	case named.Type == "any", named.Type == "required":
		return "required"
	case named.Type == "none":
		return "none"
	}
	return ""
}

func keepTool(tools []inference.Tool, name string) []inference.Tool {
	for _, t := range tools {
		if t.Name == name {
			return []inference.Tool{t}
		}
	}
	return nil
}

// forceToolCall replaces the answer by a call of the first tool, as tool_choice demands.
func forceToolCall(req *inference.TextRequest, done *inference.Completion) error {
	if len(req.Tools) == 0 {
		return nil
	}
	t := req.Tools[0]
	arguments, err := generate.ToolArguments(req, t)
	if err != nil {
		return err
	}
	done.Text, done.Object, done.Calls, done.FinishReason = "", nil, []inference.ToolCall{{Name: t.Name, Arguments: arguments}}, inference.FinishTools
	done.Usage.CompletionTokens = inference.CountTokens(t.Name) + inference.CountTokens(string(arguments))
	done.Usage.TotalTokens = done.Usage.PromptTokens + done.Usage.CompletionTokens
	return nil
}

// errNoKey has no message: each API writes its own.
var errNoKey = cferr.New(http.StatusUnauthorized, 0, "")

func hasBearerToken(r *http.Request) bool {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(kind, "Bearer") && strings.TrimSpace(key) != "" || r.Header.Get("Cf-Aig-Authorization") != ""
}

func isRequested(in inference.Fields, name string) bool {
	return in.Has(name) && string(in[name]) != "false"
}
