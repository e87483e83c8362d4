package outbound

import (
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"flint/internal/wildcard"
)

// matcher decides whether a mock is for a request. What is left out matches all.
type matcher struct {
	host        string // a glob on the name; with a port, on name:port
	methods     []string
	path        string // a glob on the path
	pathPattern *regexp.Regexp
	query       map[string]string // a glob a parameter
	headers     map[string]string // a glob a header
	worker      string
	body        string // contained in the body
	bodyPattern *regexp.Regexp
	json        any // a subset of the JSON body
	hasJSON     bool
}

// head names what does not match, the body left out; empty when all does.
func (m *matcher) head(to target, r *http.Request, worker string, query url.Values) (differs string) {
	if !m.onHost(to) {
		return "the host"
	}
	if m.worker != "" && m.worker != worker {
		return "the Worker"
	}
	if len(m.methods) > 0 && !slices.Contains(m.methods, r.Method) {
		return "the method"
	}
	if m.path != "" && !wildcard.Match(m.path, r.URL.Path) || m.pathPattern != nil && !m.pathPattern.MatchString(r.URL.Path) {
		return "the path"
	}
	for name, want := range m.query {
		if !slices.ContainsFunc(query[name], func(got string) bool { return wildcard.Match(want, got) }) {
			return "the query parameter " + name
		}
	}
	for name, want := range m.headers {
		if !slices.ContainsFunc(r.Header[name], func(got string) bool { return wildcard.Match(want, got) }) {
			return "the header " + name
		}
	}
	return ""
}

func (m *matcher) onHost(to target) bool {
	return wildcard.Match(m.host, to.name) || wildcard.Match(m.host, to.addr) || wildcard.Match(m.host, strings.ToLower(to.host))
}

func (m *matcher) wantsBody() bool { return m.body != "" || m.bodyPattern != nil || m.hasJSON }

// content matches the body; doc is it as JSON, if it is.
func (m *matcher) content(body []byte, doc any, isJSON bool) bool {
	if m.body != "" && !strings.Contains(string(body), m.body) {
		return false
	}
	if m.bodyPattern != nil && !m.bodyPattern.Match(body) {
		return false
	}
	return !m.hasJSON || isJSON && subset(m.json, doc, 0)
}

// subset reports whether got holds all of want: each member of an object; each
// element of a list, in its place, and no more; other values alike. A string in
// want may hold * for any text.
func subset(want, got any, depth int) bool {
	if depth > maxJSONDepth {
		return false
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for name, item := range want {
			if other, there := object[name]; !there || !subset(item, other, depth+1) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !subset(want[i], list[i], depth+1) {
				return false
			}
		}
		return true
	case string:
		text, ok := got.(string)
		return ok && wildcard.Match(want, text)
	case json.Number:
		number, ok := got.(json.Number)
		return ok && sameNumber(want, number)
	}
	return want == got
}

// sameNumber holds 10, 10.0 and 1e1 for the same.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, okX := number(a)
	y, okY := number(b)
	return okX && okY && x.Cmp(y) == 0
}

func number(n json.Number) (*big.Float, bool) {
	f, ok := new(big.Float).SetPrec(256).SetString(string(n))
	return f, ok
}
