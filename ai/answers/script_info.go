package answers

import "strings"

// ScriptInfo is a script as `flint ai scripts list` shows it.
type ScriptInfo struct {
	Source     string   `json:"source"` // file:name
	File       string   `json:"file"`
	Line       int      `json:"line"`
	Conditions []string `json:"wants"` // its conditions, in words
	Call       int64    `json:"call,omitempty"`
	Answer     string   `json:"answer"` // text, json, stream, file, tool_calls or error
	Used       int64    `json:"used"`   // answers given since it was read
}

func (s *script) info() ScriptInfo {
	out := ScriptInfo{Source: s.source, File: s.file, Line: s.line, Conditions: []string{}, Call: s.nthMatch, Answer: s.kind, Used: s.answerCount.Load()}
	for i := range s.checks {
		out.Conditions = append(out.Conditions, s.checks[i].description)
	}
	return out
}

// Scripts lists the scripted answers in the order in which they are tried. The
// error says why the files on disk could not be read; the list is then the one
// in use.
func (src *Sources) Scripts() ([]ScriptInfo, error) {
	set := src.scripts.current()
	out := make([]ScriptInfo, len(set.list))
	for i, s := range set.list {
		out[i] = s.info()
	}
	return out, set.loadErr
}

// tryResult is the script that would answer, else the nearest one and its unmet conditions.
type tryResult struct {
	Match   *ScriptInfo `json:"match"`
	Nearest *ScriptInfo `json:"nearest,omitempty"`
	Unmet   string      `json:"misses,omitempty"`
}

// TryScripts says which script would answer q, or which comes nearest and what it misses.
func (src *Sources) TryScripts(q *Query) tryResult {
	list := src.scripts.current().list
	for _, s := range list {
		if s.matches(q) && (s.nthMatch == 0 || s.matchCount.Load()+1 == s.nthMatch) {
			info := s.info()
			return tryResult{Match: &info}
		}
	}
	best, unmet := nearestScript(list, q)
	if best == nil {
		return tryResult{}
	}
	info := best.info()
	return tryResult{Nearest: &info, Unmet: strings.Join(unmet, " and ")}
}
