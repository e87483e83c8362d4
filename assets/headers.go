package assets

import (
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// headerRule is one block of _headers.
// https://developers.cloudflare.com/workers/static-assets/headers/
type headerRule struct {
	pattern pattern
	unset   []string
	set     []headerLine // in the order of the file
}

type headerLine struct{ name, value string }

// parseHeaders reads _headers: a path on a line of its own, then its headers.
func parseHeaders(text string) ([]headerRule, []problem) {
	p := headerParser{}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		p.line, p.text = i+1, line
		switch {
		case line == "" || line[0] == '#':
		case len(line) > maxLineLength:
			p.text = ""
			p.wrong(sprintf(msgLineTooLong, i+1, maxLineLength))
		case looksLikePath(line):
			p.endRule()
			if len(p.rules) >= maxHeaderRules {
				p.text = ""
				p.wrong(sprintf(msgManyHeaders, maxHeaderRules, len(lines)-i))
				return p.rules, p.problems
			}
			p.startRule(line)
		case !p.skip:
			p.header(line)
		}
	}
	p.endRule()
	return p.rules, p.problems
}

type headerParser struct {
	rules    []headerRule
	problems []problem
	line     int
	text     string

	rule     *headerRule
	ruleText string
	skip     bool // the path was refused: its headers go with it
}

func (p *headerParser) wrong(message string) {
	p.problems = append(p.problems, problem{p.line, p.text, message})
}

// looksLikePath is a line that begins with a slash or a scheme.
func looksLikePath(line string) bool {
	if line[0] == '/' {
		return true
	}
	i := strings.Index(line, "://")
	return i > 0 && !strings.ContainsAny(line[:i], " \t")
}

func (p *headerParser) startRule(line string) {
	p.skip = true
	url, refused := ruleURL(line, false, false)
	if refused == "" {
		refused = tooManyWildcards(url)
	}
	if refused != "" {
		p.wrong(refused)
		return
	}
	pattern, err := compile(url)
	if err != nil {
		p.wrong(err.Error())
		return
	}
	p.skip = false
	p.rule, p.ruleText = &headerRule{pattern: pattern}, line
}

func tooManyWildcards(url string) string {
	stars := strings.Count(url, "*")
	if stars > 1 {
		return sprintf(msgOneWildcard, url)
	}
	for _, name := range placeholder.FindAllString(url, -1) {
		if stars == 1 && name == ":splat" {
			return sprintf(msgSplatWildcard, url)
		}
	}
	return ""
}

func (p *headerParser) endRule() {
	rule := p.rule
	if rule == nil {
		return
	}
	p.rule = nil
	if len(rule.set) == 0 && len(rule.unset) == 0 {
		p.problems = append(p.problems, problem{p.line, p.ruleText, msgNoHeaders})
		return
	}
	for i := range p.rules { // a path that comes again takes the place of its first block
		if p.rules[i].pattern.text == rule.pattern.text {
			p.rules[i] = *rule
			return
		}
	}
	p.rules = append(p.rules, *rule)
}

func (p *headerParser) header(line string) {
	name, value, colon := strings.Cut(line, ":")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	unset, isUnset := strings.CutPrefix(line, "! ")
	switch {
	case !colon && p.rule == nil:
		p.wrong(msgPathFirst)
	case !colon && isUnset:
		p.rule.unset = append(p.rule.unset, textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(unset)))
	case !colon:
		p.wrong(msgPair)
	case strings.Contains(name, " "):
		p.wrong(msgHeaderSpaces)
	case name == "":
		p.wrong(msgNoHeaderName)
	case value == "":
		p.wrong(msgNoHeaderValue)
	case p.rule == nil:
		p.wrong(sprintf(msgPathBefore, name, value))
	case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
		p.wrong(sprintf(msgBadHeader, line))
	default:
		p.rule.add(textproto.CanonicalMIMEHeaderKey(name), value)
	}
}

// add joins a header that comes twice in one rule.
func (r *headerRule) add(name, value string) {
	for i := range r.set {
		if r.set[i].name == name {
			r.set[i].value += ", " + value
			return
		}
	}
	r.set = append(r.set, headerLine{name, value})
}

// applyHeaders changes h by each rule that matches, in order. The first rule
// that sets a header replaces what was there, later ones add to it.
func applyHeaders(rules []headerRule, q *request, h http.Header) {
	var mine map[string]bool
	for i := range rules {
		r := &rules[i]
		values, ok := r.pattern.match(q)
		if !ok {
			continue
		}
		for _, name := range r.unset {
			h.Del(name)
		}
		for _, line := range r.set {
			value := strings.TrimSpace(r.pattern.fill(line.value, values))
			if old := h[line.name]; mine[line.name] && len(old) > 0 && line.name != "Set-Cookie" {
				h[line.name] = []string{old[0] + ", " + value}
				continue
			} else if mine[line.name] {
				h[line.name] = append(old, value)
				continue
			}
			if mine == nil {
				mine = map[string]bool{}
			}
			mine[line.name] = true
			h[line.name] = []string{value}
		}
	}
}
