package answers

import "strings"

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
func (src *Sources) Scripts() ([]ScriptInfo, error) {
	set := src.scripts.current()
	out := make([]ScriptInfo, len(set.list))
	for i, s := range set.list {
		out[i] = s.info()
	}
	return out, set.broken
}

// tried is the outcome of a test.
type tried struct {
	Match   *ScriptInfo `json:"match"`
	Nearest *ScriptInfo `json:"nearest,omitempty"`
	Misses  string      `json:"misses,omitempty"`
}

// Try says which script would answer q, or which comes nearest and what it misses.
func (src *Sources) Try(q *Asked) tried {
	list := src.scripts.current().list
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
