package ai

import (
	"encoding/json"
	"net/http"
	"strings"

	"flint/internal/cferr"
)

// Providers are the hosts whose APIs this package answers in place of the real
// ones when a Worker calls fetch(): host -> handler.
func (m *Models) Providers() map[string]http.Handler {
	return map[string]http.Handler{
		"api.deepseek.com":          m.deepSeek(),
		"openrouter.ai":             m.openRouter(),
		"api.openai.com":            m.openAI(),
		"api.anthropic.com":         m.anthropic(),
		"api.cloudflare.com":        http.HandlerFunc(m.cloudflareAPI),
		"gateway.ai.cloudflare.com": &gateway{m},
	}
}

// ProviderPaths answers the same APIs below prefix, for clients on this machine:
// PREFIX + openai/v1/…, anthropic/v1/…, deepseek/…, openrouter/api/v1/…,
// workers-ai/v1/… and workers-ai/run/MODEL, gateway/v1/ACCOUNT/GATEWAY/….
func (m *Models) ProviderPaths(prefix string) http.Handler {
	apis := map[string]http.Handler{
		"openai": m.openAI(), "anthropic": m.anthropic(), "deepseek": m.deepSeek(), "openrouter": m.openRouter(),
		"gateway": &gateway{m}, "workers-ai": http.HandlerFunc(m.workersAI),
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
	models *Models
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
		e := p.models.known(err)
		body, err := encodeJSON(p.refuse(w, e))
		if err != nil {
			body = nil
		}
		w.Header().Set("Content-Type", contentJSON)
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

// callFields reads a JSON body.
func callFields(w http.ResponseWriter, r *http.Request) (fields, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	in, err := parseFields(body)
	if err != nil {
		return nil, cferr.New(http.StatusBadRequest, 0, "Failed to parse the request body as JSON")
	}
	return in, nil
}

// ask has the engine answer inputs in the form of a chat completion.
func (p *provider) ask(r *http.Request, model string, in fields) (*textRequest, *completion, error) {
	req := &textRequest{model: model}
	turns, problem := parseTurns(in)
	choice := choiceOf(in)
	if choice == "none" {
		delete(in, "tools")
	}
	if problem == "" {
		problem = req.parseOptions(in)
	}
	if problem != "" {
		return nil, nil, cferr.New(http.StatusBadRequest, 0, problem)
	}
	req.turns = turns
	if choice != "" && choice != "required" && choice != "none" {
		req.tools = onlyTool(req.tools, choice)
	}
	done, err := p.complete(r, req)
	if err == nil && choice != "" && len(done.calls) == 0 && done.source == sourceGenerator {
		err = forceCall(req, done)
	}
	return req, done, err
}

// complete is the one call into the engine.
func (p *provider) complete(r *http.Request, req *textRequest) (*completion, error) {
	req.ctx, req.live = r.Context(), req.stream
	return p.models.complete(req)
}

// spoken are the pieces that a stream sends.
func (c *completion) spoken() func(yield func(string) bool) { return c.pieces() }

// broken reports whether the answer broke off: then a stream must not look as if
// it had ended.
func (c *completion) broken() bool { return c.finish == "error" }

// choiceOf is tool_choice: empty for auto, none, required, or the name of a tool.
func choiceOf(in fields) string {
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

func onlyTool(tools []tool, name string) []tool {
	for _, t := range tools {
		if t.Name == name {
			return []tool{t}
		}
	}
	return nil
}

// forceCall has the model call a tool when tool_choice leaves no other way.
func forceCall(req *textRequest, done *completion) error {
	if len(req.tools) == 0 {
		return nil
	}
	t := req.tools[0]
	arguments, err := toolArguments(req, t)
	if err != nil {
		return err
	}
	done.text, done.object, done.calls, done.finish = "", nil, []toolCall{{t.Name, arguments}}, finishTools
	done.usage.CompletionTokens = countTokens(t.Name) + countTokens(string(arguments))
	done.usage.TotalTokens = done.usage.PromptTokens + done.usage.CompletionTokens
	return nil
}

// errNoKey is told from other errors by each API's own words for it.
var errNoKey = cferr.New(http.StatusUnauthorized, 0, "")

func hasBearer(r *http.Request) bool {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(kind, "Bearer") && strings.TrimSpace(key) != "" || r.Header.Get("Cf-Aig-Authorization") != ""
}

func inputText(in fields, name string) string {
	var s string
	_ = json.Unmarshal(in[name], &s) // another type is no text
	return s
}

func asksFor(in fields, name string) bool { return in.has(name) && string(in[name]) != "false" }
