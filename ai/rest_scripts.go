package ai

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"flint/ai/answers"
	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
)

// scriptRoutes are flint's own, for `flint ai scripts`.
func (a *REST) scriptRoutes(r *mux.Router) {
	r.HandleFunc("/ai/scripts", a.listScripts).Methods(http.MethodGet)
	r.HandleFunc("/ai/scripts/test", a.testScript).Methods(http.MethodPost)
}

func (a *REST) listScripts(w http.ResponseWriter, _ *http.Request) {
	list, broken := a.models.Scripts()
	info := cferr.Info{"count": len(list)}
	if broken != nil {
		info["broken"] = broken.Error()
	}
	cferr.WriteResult(w, list, info)
}

// testScript says which script would answer, without counting it as used, and
// what each of the others misses.
func (a *REST) testScript(w http.ResponseWriter, r *http.Request) {
	body, err := providers.ReadBody(w, r)
	if err != nil {
		a.fail(w, err)
		return
	}
	var call struct {
		Model, Prompt, System string
		Tools                 []string
	}
	if json.Unmarshal(body, &call) != nil || call.Prompt == "" {
		a.fail(w, inference.Incomplete("prompt"))
		return
	}
	if call.Model == "" {
		call.Model = inference.DefaultModel
	}
	q := &answers.Query{Model: call.Model, Task: inference.TaskText, User: call.Prompt, System: call.System, Tools: call.Tools, Turns: []inference.Turn{{Role: "user", Content: call.Prompt}}}
	if known, err := inference.Lookup(call.Model); err == nil {
		q.Task = known.Task
	}
	if call.System != "" {
		q.Turns = append([]inference.Turn{{Role: "system", Content: call.System}}, q.Turns...)
	}
	cferr.WriteResult(w, a.models.TryScripts(q), nil)
}
