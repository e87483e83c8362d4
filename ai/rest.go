package ai

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
)

// REST is Cloudflare's REST API for Workers AI.
// https://developers.cloudflare.com/api/resources/ai/
type REST struct{ models *Models }

// NewREST makes the API over models.
func NewREST(models *Models) *REST { return &REST{models} }

// Routes adds the routes below /client/v4/accounts/{account}. The router must
// use encoded paths: the names of models hold slashes.
func (a *REST) Routes(r *mux.Router) {
	r.HandleFunc("/ai/run/{model:.*}", a.run).Methods(http.MethodPost)
	r.HandleFunc("/ai/models/search", a.Search).Methods(http.MethodGet)
	r.PathPrefix("/ai/v1/").HandlerFunc(a.compatRoute)
	r.HandleFunc("/ai/tomarkdown", a.toMarkdown).Methods(http.MethodPost)
	r.HandleFunc("/ai/tomarkdown/supported", a.markdownSupported).Methods(http.MethodGet)
	a.scriptRoutes(r)
}

func (a *REST) run(w http.ResponseWriter, r *http.Request) {
	model, err := url.PathUnescape(mux.Vars(r)["model"])
	if err != nil {
		model = mux.Vars(r)["model"]
	}
	a.ServeRun(w, r, model)
}

// ServeRun answers a run: JSON in the envelope, images and streams as they are.
func (a *REST) ServeRun(w http.ResponseWriter, r *http.Request, model string) {
	body, err := providers.ReadBody(w, r)
	if err != nil {
		a.fail(w, err)
		return
	}
	inputs := json.RawMessage(body)
	if form, ok, err := formInputs(r.Header.Get("Content-Type"), body); ok {
		if err != nil {
			a.fail(w, err)
			return
		}
		inputs = form
	} else if known, err := inference.Lookup(model); err == nil && known.MediaField() != "" && !startsObject(body) {
		if inputs, err = streamInputs(known, nil, body); err != nil { // curl --data-binary @file
			a.fail(w, err)
			return
		}
	}
	answer, err := a.models.Run(r.Context(), model, inputs, inference.RunOptions{QueueRequest: r.URL.Query().Get("queueRequest") == "true"})
	if err != nil {
		a.fail(w, err)
		return
	}
	if answer.ContentType == inference.ContentJSON {
		w.Header().Set(providers.HeaderSource, answer.Source)
		cferr.WriteResult(w, json.RawMessage(answer.Body), nil)
		return
	}
	providers.Send(r.Context(), answer, w)
}

// Search answers a request for a list of models.
func (a *REST) Search(w http.ResponseWriter, r *http.Request) {
	found, info, err := inference.SearchModels(r.URL.Query())
	if err != nil {
		a.fail(w, err)
		return
	}
	cferr.WriteResult(w, found, info)
}

// fail adds what the REST API says around the words of a refused input.
func (a *REST) fail(w http.ResponseWriter, err error) {
	e := a.models.ClientError(err)
	if e.Code == inference.CodeBadInput {
		e = cferr.Newf(e.Status, e.Code, "AiError: Bad input: %s (%s)", e.Message, providers.RequestID())
	}
	cferr.WriteError(w, e)
}

func startsObject(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) == 0 || body[0] == '{'
}

// compatRoute is /ai/v1/… of the REST API.
func (a *REST) compatRoute(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(r.URL.Path, "/ai/v1")
	a.models.ServeCompat(w, r, path)
}
