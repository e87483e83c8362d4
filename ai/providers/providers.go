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
	models *Server
	name   string // in what is not served
	calls  []apiCall
	keyed  func(r *http.Request) bool                         // whether the request brings a key
	refuse func(w http.ResponseWriter, e *cferr.Error) any    // the shape of an error; it may set headers
	begin  func(w http.ResponseWriter, r *http.Request) error // what comes before every call; nil = nothing
}

// serveCall answers one call; rest is what * stood for in its path.
type serveCall func(p *provider, w http.ResponseWriter, r *http.Request, rest string) error

// apiCall is one method and path; a path may end with *.
type apiCall struct {
	method, path string
	serve        serveCall
}

func (c *apiCall) match(path string) (rest string, ok bool) {
	if start, open := strings.CutSuffix(c.path, "*"); open {
		return strings.CutPrefix(path, start)
	}
	return "", path == c.path
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := p.answer(w, r); err != nil {
		e := p.models.Known(err)
		body, err := inference.EncodeJSON(p.refuse(w, e))
		if err != nil {
			body = nil
		}
		w.Header().Set("Content-Type", inference.ContentJSON)
		if e.Status == http.StatusNotImplemented {
			w.Header().Set("X-Should-Retry", "false") // the official clients try again after any other 5xx
		}
		w.WriteHeader(e.Status)
		_, _ = w.Write(body) // the client is gone: nobody is left to tell
	}
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) error {
	if !p.keyed(r) {
		return errNoKey
	}
	if p.begin != nil {
		if err := p.begin(w, r); err != nil {
			return err
		}
	}
	other := false
	for i := range p.calls {
		c := &p.calls[i]
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

// ask has the engine answer inputs in the form of a chat completion.
func (p *provider) ask(r *http.Request, model string, in inference.Fields) (*inference.TextRequest, *inference.Completion, error) {
	req := &inference.TextRequest{Model: model}
	turns, problem := inference.ParseTurns(in)
	choice := choiceOf(in)
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
		req.Tools = onlyTool(req.Tools, choice)
	}
	done, err := p.complete(r, req)
	if err == nil && choice != "" && len(done.Calls) == 0 && done.Source == inference.SourceGenerator {
		err = forceCall(req, done)
	}
	return req, done, err
}

// complete is the one call into the engine.
func (p *provider) complete(r *http.Request, req *inference.TextRequest) (*inference.Completion, error) {
	req.Ctx, req.Live = r.Context(), req.Stream
	return p.models.engine.Complete(req)
}

// brokeOff reports whether the answer broke off: then a stream must not look as if
// it had ended.
func brokeOff(c *inference.Completion) bool { return c.Finish == "error" }

// choiceOf is tool_choice: empty for auto, none, required, or the name of a tool.
func choiceOf(in inference.Fields) string {
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

func onlyTool(tools []inference.Tool, name string) []inference.Tool {
	for _, t := range tools {
		if t.Name == name {
			return []inference.Tool{t}
		}
	}
	return nil
}

// forceCall has the model call a tool when tool_choice leaves no other way.
func forceCall(req *inference.TextRequest, done *inference.Completion) error {
	if len(req.Tools) == 0 {
		return nil
	}
	t := req.Tools[0]
	arguments, err := generate.ToolArguments(req, t)
	if err != nil {
		return err
	}
	done.Text, done.Object, done.Calls, done.Finish = "", nil, []inference.ToolCall{{Name: t.Name, Arguments: arguments}}, inference.FinishTools
	done.Usage.CompletionTokens = inference.CountTokens(t.Name) + inference.CountTokens(string(arguments))
	done.Usage.TotalTokens = done.Usage.PromptTokens + done.Usage.CompletionTokens
	return nil
}

// errNoKey is told from other errors by each API's own words for it.
var errNoKey = cferr.New(http.StatusUnauthorized, 0, "")

func hasBearer(r *http.Request) bool {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(kind, "Bearer") && strings.TrimSpace(key) != "" || r.Header.Get("Cf-Aig-Authorization") != ""
}

func asksFor(in inference.Fields, name string) bool {
	return in.Has(name) && string(in[name]) != "false"
}
