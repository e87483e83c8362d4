package ai

import (
	"encoding/json"
	"net/http"
	"strings"

	"flint/internal/cferr"

	"github.com/gorilla/mux"
)

// scriptRoutes are flint's own, for `flint ai scripts`.
func (a *REST) scriptRoutes(r *mux.Router) {
	r.HandleFunc("/ai/scripts", a.listScripts).Methods(http.MethodGet)
	r.HandleFunc("/ai/scripts/test", a.testScript).Methods(http.MethodPost)
}

// ScriptInfo is a script as `flint ai scripts list` shows it.
type ScriptInfo struct {
	Source string   `json:"source"` // file:name
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Wants  []string `json:"wants"` // its conditions, for people
	Call   int64    `json:"call,omitempty"`
	Answer string   `json:"answer"` // text, json, stream, file, tool_calls or error
	Used   int64    `json:"used"`   // answers given since it was read
}

func (s *script) info() ScriptInfo {
	out := ScriptInfo{Source: s.source, File: s.file, Line: s.line, Wants: []string{}, Call: s.call, Answer: s.kind, Used: s.used.Load()}
	for i := range s.checks {
		out.Wants = append(out.Wants, s.checks[i].want)
	}
	return out
}

// Scripts lists the scripted answers in the order in which they are tried. The
// error says why the files on disk could not be read; the list is then the one
// in use.
func (m *Models) Scripts() ([]ScriptInfo, error) {
	set := m.scripts.current()
	out := make([]ScriptInfo, len(set.list))
	for i, s := range set.list {
		out[i] = s.info()
	}
	return out, set.broken
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
	body, err := readBody(w, r)
	if err != nil {
		a.fail(w, err)
		return
	}
	var call struct {
		Model, Prompt, System string
		Tools                 []string
	}
	if json.Unmarshal(body, &call) != nil || call.Prompt == "" {
		a.fail(w, incomplete("prompt"))
		return
	}
	if call.Model == "" {
		call.Model = defaultModel
	}
	q := &asked{model: call.Model, task: taskText, user: call.Prompt, system: call.System, tools: call.Tools, turns: []turn{{"user", call.Prompt}}}
	if known, err := Lookup(call.Model); err == nil {
		q.task = known.Task
	}
	if call.System != "" {
		q.turns = append([]turn{{"system", call.System}}, q.turns...)
	}
	cferr.WriteResult(w, a.models.try(q), nil)
}

// tried is the outcome of a test.
type tried struct {
	Match   *ScriptInfo `json:"match"`
	Nearest *ScriptInfo `json:"nearest,omitempty"`
	Misses  string      `json:"misses,omitempty"`
}

func (m *Models) try(q *asked) tried {
	list := m.scripts.current().list
	for _, s := range list {
		if s.matches(q) && (s.call == 0 || s.seen.Load()+1 == s.call) {
			info := s.info()
			return tried{Match: &info}
		}
	}
	best, misses := nearestScript(list, q)
	if best == nil {
		return tried{}
	}
	info := best.info()
	return tried{Nearest: &info, Misses: strings.Join(misses, " and ")}
}
