package assets

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// redirects are the rules of _redirects.
// https://developers.cloudflare.com/workers/static-assets/redirects/
type redirects struct {
	static  map[string]redirectRule // by path: looked up before the others
	dynamic []redirectRule          // the first one that matches counts
}

type redirectRule struct {
	from   pattern
	to     string
	status int
}

// target is where a request goes: with status 200 to another path of the same
// assets, unseen by the client, else to a location.
type target struct {
	status   int
	path     string
	location string
}

func (d *redirects) match(q *request) (target, bool) {
	if rule, ok := d.static[q.path]; ok {
		return rule.target(q, rule.to), true
	}
	for i := range d.dynamic {
		rule := &d.dynamic[i]
		if values, ok := rule.from.match(q); ok {
			to := strings.TrimSpace(rule.from.fill(rule.to, values))
			if !absolute.MatchString(to) {
				to = collapseSlashes(to)
			}
			return rule.target(q, to), true
		}
	}
	return target{}, false
}

var absolute = regexp.MustCompile(`^\w+://`)

func collapseSlashes(s string) string {
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}

// target completes a location: the query of the request goes on with it unless
// the rule has one of its own.
func (r *redirectRule) target(q *request, to string) target {
	head, fragment, hasFragment := strings.Cut(to, "#")
	head, query, hasQuery := strings.Cut(head, "?")
	path := head
	if absolute.MatchString(head) {
		if u, err := url.Parse(head); err == nil && strings.EqualFold(u.Host, q.r.Host) && u.Scheme == scheme(q) {
			head = normalizePath(u.EscapedPath())
		}
	} else {
		head = normalizePath(head)
		path = head
	}
	location := head + q.query()
	if hasQuery && query != "" {
		location = head + "?" + query
	}
	if hasFragment && fragment != "" {
		location += "#" + fragment
	}
	return target{status: r.status, path: path, location: location}
}

func scheme(q *request) string {
	if q.r.TLS != nil {
		return "https"
	}
	return "http"
}

var (
	inlineComment = regexp.MustCompile(`\s+#.*$`)
	indexTarget   = regexp.MustCompile(`/index(\.html)?$`)
	redirectCodes = []int{200, 301, 302, 303, 307, 308}
)

type redirectParser struct {
	out         redirects
	problems    []problem
	seen        map[string]bool
	htmlRules   bool // HTML handling is on, so /index becomes /
	static      int
	dynamic     int
	seenDynamic bool // a dynamic rule has come: the rest keeps its order
}

// parseRedirects reads _redirects: from, to and perhaps a status on each line.
func parseRedirects(text string, htmlRules bool) (redirects, []problem) {
	p := redirectParser{seen: map[string]bool{}, htmlRules: htmlRules}
	p.out.static = map[string]redirectRule{}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if len(line) > maxLineLength {
			p.problems = append(p.problems, problem{i + 1, "", sprintf(msgLineTooLong, i+1, maxLineLength)})
			continue
		}
		refused, end := p.rule(line, len(lines)-i)
		if refused != "" {
			p.problems = append(p.problems, problem{i + 1, line, refused})
		}
		if end {
			break
		}
	}
	return p.out, p.problems
}

// rule reads one line. It returns why the line is refused, and whether the
// file ends here.
func (p *redirectParser) rule(line string, left int) (refused string, end bool) {
	tokens := strings.Fields(inlineComment.ReplaceAllString(line, ""))
	if len(tokens) < 2 || len(tokens) > 3 {
		return sprintf(msgTokens, len(tokens)), false
	}
	from, refused := ruleURL(tokens[0], true, false)
	if refused != "" {
		return refused, false
	}
	static := !p.seenDynamic && !isDynamic(from)
	if static {
		if p.static++; p.static > maxStaticRedirects {
			return sprintf(msgManyStatic, maxStaticRedirects), false
		}
	} else {
		p.seenDynamic = true
		if p.dynamic++; p.dynamic > maxDynamicRedirects {
			return sprintf(msgManyDynamic, maxDynamicRedirects, left), true
		}
	}
	to, refused := ruleURL(tokens[1], false, true)
	if refused != "" {
		return refused, false
	}
	status, refused := p.check(from, to, tokens)
	if refused != "" {
		return refused, false
	}
	return p.add(from, to, status, static), false
}

func (p *redirectParser) check(from, to string, tokens []string) (status int, refused string) {
	status = 302
	if len(tokens) == 3 {
		n, err := strconv.Atoi(tokens[2])
		if err != nil || !slices.Contains(redirectCodes, n) {
			return 0, sprintf(msgStatus, tokens[2])
		}
		status = n
	}
	external := strings.HasPrefix(to, "https://")
	loops := strings.HasSuffix(from, "/*") || strings.HasSuffix(from, "/") && p.htmlRules
	switch {
	case !external && loops && indexTarget.MatchString(to):
		return 0, msgLoop
	case p.seen[from]:
		return 0, sprintf(msgDuplicate, from)
	}
	p.seen[from] = true
	if external && status == 200 {
		return 0, sprintf(msgProxyAbsolute, to)
	}
	return status, ""
}

func (p *redirectParser) add(from, to string, status int, static bool) (refused string) {
	rule := redirectRule{from: pattern{text: from}, to: to, status: status}
	if static {
		p.out.static[from] = rule
		return ""
	}
	var err error
	if rule.from, err = compile(from); err != nil {
		return err.Error()
	}
	p.out.dynamic = append(p.out.dynamic, rule)
	return ""
}
