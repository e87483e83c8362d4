package ai

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"flint/internal/cferr"
)

// Providers are the hosts whose APIs this package answers in place of the real
// ones when a Worker calls fetch(): host -> handler.
func (m *Models) Providers() map[string]http.Handler {
	return map[string]http.Handler{
		"api.deepseek.com":   &provider{models: m, routes: deepSeekRoutes, dialect: chatDeepSeek, refuse: deepSeekError, check: deepSeekCheck},
		"openrouter.ai":      &provider{models: m, routes: openRouterRoutes, dialect: chatOpenRouter, refuse: openRouterError, check: openRouterCheck},
		"api.cloudflare.com": http.HandlerFunc(m.cloudflareAPI),
	}
}

// provider is an OpenAI-style chat completions API.
type provider struct {
	models  *Models
	routes  []string // paths of the chat completions call
	dialect *chatDialect
	refuse  func(status int, message string) any  // the shape of an error
	check   func(call *providerCall) *cferr.Error // what this API refuses before it reads the messages
}

// providerCall is the part of a request that is not about text generation.
type providerCall struct {
	Model  string `json:"model"`
	Format struct {
		Type string `json:"type"`
	} `json:"response_format"`
	text string // the request as it came
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := p.answer(w, r); err != nil {
		e := p.models.known(err)
		body, err := encodeJSON(p.refuse(e.Status, e.Message))
		if err != nil {
			body = nil
		}
		w.Header().Set("Content-Type", contentJSON)
		w.WriteHeader(e.Status)
		_, _ = w.Write(body) // the client is gone: nobody is left to tell
	}
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) error {
	if !slices.Contains(p.routes, r.URL.Path) {
		return cferr.NotServed(r.Method + " " + r.URL.Path + " of this API (only POST " + p.routes[0] + ")")
	}
	if r.Method != http.MethodPost {
		return cferr.New(http.StatusMethodNotAllowed, 0, "Method Not Allowed")
	}
	if !hasBearer(r) {
		return errNoKey
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	call := providerCall{text: string(body)}
	in, err := parseFields(body)
	if err != nil || json.Unmarshal(body, &call) != nil {
		return cferr.New(http.StatusBadRequest, 0, "Failed to parse the request body as JSON")
	}
	if err := p.check(&call); err != nil {
		return err
	}
	req := &textRequest{model: call.Model}
	turns, problem := parseTurns(in)
	if problem == "" {
		problem = req.parseOptions(in)
	}
	if problem != "" {
		return cferr.New(http.StatusBadRequest, 0, problem)
	}
	req.turns = turns
	return p.complete(w, r, req)
}

func (p *provider) complete(w http.ResponseWriter, r *http.Request, req *textRequest) error {
	req.ctx, req.live = r.Context(), req.stream
	done, err := p.models.complete(req)
	if err != nil {
		return err
	}
	if req.stream {
		p.models.chatStream(p.dialect, req, done).send(r.Context(), w)
		return nil
	}
	answer, err := jsonAnswer(p.models.chatObject(p.dialect, req, done), done.usage, done.source)
	if err != nil {
		return err
	}
	answer.send(r.Context(), w)
	return nil
}

// errNoKey is told from other errors by each API's own words for it.
var errNoKey = cferr.New(http.StatusUnauthorized, 0, "")

func hasBearer(r *http.Request) bool {
	kind, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(kind, "Bearer") && strings.TrimSpace(key) != ""
}

// cloudflareAPI is the part of api.cloudflare.com that runs models:
// POST /client/v4/accounts/{account}/ai/run/{model} and GET …/ai/models/search.
func (m *Models) cloudflareAPI(w http.ResponseWriter, r *http.Request) {
	api := NewREST(m)
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/client/v4/accounts/")
	_, call, found := strings.Cut(rest, "/ai/")
	switch {
	case !ok || !found:
		cferr.WriteError(w, cferr.NotServed(r.URL.Path+" of api.cloudflare.com inside a Worker's fetch()"))
	case !hasBearer(r):
		cferr.WriteError(w, cferr.New(http.StatusUnauthorized, 10000, "Authentication error"))
	case strings.HasPrefix(call, "run/") && r.Method == http.MethodPost:
		model, err := url.PathUnescape(strings.TrimPrefix(call, "run/"))
		if err != nil {
			model = call
		}
		api.serveRun(w, r, model)
	case call == "models/search" && r.Method == http.MethodGet:
		api.search(w, r)
	default:
		cferr.WriteError(w, cferr.New(http.StatusNotFound, 7003, "Could not route to "+r.URL.Path+", perhaps your object identifier is invalid?"))
	}
}
