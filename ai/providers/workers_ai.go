package providers

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

var chatCompat = &chatDialect{idPrefix: "chatcmpl-", usage: func(done *inference.Completion) any { return done.Usage }}

// compat is Workers AI in OpenAI's form: …/ai/v1/chat/completions and the like.
// https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility/
func (srv *Server) compat(prefix string, keyed func(*http.Request) bool) *provider {
	return &provider{server: srv, name: "Workers AI", hasKey: keyed, errorBody: envelopeError, routes: []route{
		{http.MethodPost, prefix + "/chat/completions", chatCall(compatChat)},
		{http.MethodPost, prefix + "/embeddings", embeddingsCall(compatDimensions)},
		{http.MethodPost, prefix + "/responses", (*provider).createResponse},
		{http.MethodGet, prefix + "/models", listModels("cloudflare", modelCreated, textModels)},
	}}
}

func textModels() []string {
	c, err := inference.LoadCatalogue()
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range c.Models {
		if m.Shape == inference.ShapeResponse || m.Shape == inference.ShapeChat || m.Shape == inference.ShapeEmbedding {
			out = append(out, m.Name)
		}
	}
	return out
}

func compatChat(_ *provider, in inference.Fields) (*chatDialect, error) {
	known, err := inference.Lookup(inference.InputText(in, "model"))
	if err != nil {
		return nil, err
	}
	if known.Shape != inference.ShapeResponse && known.Shape != inference.ShapeChat {
		return nil, inference.BadInput("the model " + known.Name + " does not answer chat completions: its task is " + known.Task)
	}
	d := *chatCompat
	d.omitsStreamUsage = in.Has("stream_options") && !wantsStreamUsage(in)
	return &d, nil
}

func compatDimensions(_ *provider, model string) (int, error) {
	known, err := inference.Lookup(model)
	if err != nil {
		return 0, err
	}
	if known.Shape != inference.ShapeEmbedding {
		return 0, inference.BadInput("the model " + known.Name + " makes no embeddings: its task is " + known.Task)
	}
	return known.Dims, nil
}

// envelopeError is an error of Cloudflare's REST API.
func envelopeError(_ http.ResponseWriter, e *cferr.Error) any {
	code, message := e.Code, e.Message
	if e.Status == http.StatusUnauthorized && message == "" {
		code, message = 10000, "Authentication error"
	}
	return map[string]any{"result": nil, "success": false, "errors": []inference.CodeMessage{{Code: code, Message: message}}, "messages": []any{}}
}

// cloudflareAPI is the part of api.cloudflare.com that runs models, below
// /client/v4/accounts/{account}/ai.
func (srv *Server) cloudflareAPI(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/client/v4/accounts/")
	_, call, found := strings.Cut(rest, "/ai/")
	switch {
	case !ok || !found:
		cferr.WriteError(w, cferr.NotServed(r.URL.Path+" of api.cloudflare.com inside a Worker's fetch()"))
	case !hasBearerToken(r):
		cferr.WriteError(w, cferr.New(http.StatusUnauthorized, 10000, "Authentication error"))
	default:
		srv.serveAI(w, r, call)
	}
}

// workersAI answers the same calls without the account before them.
func (srv *Server) workersAI(w http.ResponseWriter, r *http.Request) {
	srv.serveAI(w, r, strings.TrimPrefix(r.URL.EscapedPath(), "/"))
}

// serveAI answers what stands below /ai/.
func (srv *Server) serveAI(w http.ResponseWriter, r *http.Request, call string) {
	switch {
	case strings.HasPrefix(call, "run/") && r.Method == http.MethodPost:
		model, err := url.PathUnescape(strings.TrimPrefix(call, "run/"))
		if err != nil {
			model = call
		}
		srv.workersAPI.ServeRun(w, r, model)
	case strings.HasPrefix(call, "v1/"):
		srv.ServeCompat(w, r, strings.TrimPrefix(call, "v1"))
	case call == "models/search" && r.Method == http.MethodGet:
		srv.workersAPI.Search(w, r)
	default:
		cferr.WriteError(w, cferr.New(http.StatusNotFound, 7003, "Could not route to "+r.URL.Path+", perhaps your object identifier is invalid?"))
	}
}

// ServeCompat answers /ai/v1 + path, whatever stood before it.
func (srv *Server) ServeCompat(w http.ResponseWriter, r *http.Request, path string) {
	at := *r
	at.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	srv.compat("", func(*http.Request) bool { return true }).ServeHTTP(w, &at)
}

// RunResponses is a run of a model that takes the Responses API's inputs too:
// input, instructions, reasoning.
// https://developers.cloudflare.com/workers-ai/models/gpt-oss-120b/
func (srv *Server) RunResponses(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	p := srv.compat("", nil)
	if problem := known.CheckInputs(in); problem != "" {
		return nil, inference.BadInput(problem)
	}
	chat, err := p.fromResponses(in)
	if err != nil {
		return nil, err
	}
	req, err := inference.ParseText(known, chat)
	if err != nil {
		return nil, err
	}
	req.Ctx, req.AcceptsLive = ctx, req.Stream
	done, err := srv.engine.Complete(req)
	if err != nil {
		return nil, err
	}
	build := func() *Response { return p.responseOf(req, done, in) }
	if req.Stream {
		return responseEvents(build, done), nil
	}
	return inference.JSONAnswer(build(), done.Usage, done.Source)
}
