package assets

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// pattern is the head of a rule: a path or https URL with at most one splat (*)
// and any placeholders (:name).
type pattern struct {
	text    string
	withURL bool // compared with https://host/path
	re      *regexp.Regexp
	names   []string
}

var (
	hostPlaceholder = regexp.MustCompile(`:[A-Za-z]\w*`)
	placeholder     = regexp.MustCompile(`\*|:[A-Za-z]\w*`)
)

func isDynamic(text string) bool { return placeholder.MatchString(text) }

// compile makes a pattern. It fails when a name occurs twice.
func compile(text string) (pattern, error) {
	p := pattern{text: text, withURL: strings.HasPrefix(text, "https://")}
	if !isDynamic(text) {
		return p, nil // compared as it is
	}
	var re strings.Builder
	re.WriteString("^")
	host, path := "", text
	if rest, ok := strings.CutPrefix(text, "https://"); ok {
		host, path, _ = strings.Cut(rest, "/")
		re.WriteString("https://")
		path = "/" + path
	}
	p.add(&re, host, hostPlaceholder, "[^/.]+")
	p.add(&re, path, placeholder, "[^/]+")
	re.WriteString("$")
	if err := p.checkNames(); err != nil {
		return p, err
	}
	var err error
	p.re, err = regexp.Compile(re.String())
	return p, err
}

// checkNames refuses what Cloudflare drops in silence: its server replaces a
// name wherever it stands, also at the beginning of a later one.
func (p *pattern) checkNames() error {
	for i, name := range p.names {
		for _, later := range p.names[i+1:] {
			if later == name {
				return fmt.Errorf("the placeholder :%s occurs twice in %s", name, p.text)
			}
			if strings.HasPrefix(later, name) {
				return fmt.Errorf("the placeholder :%s is the beginning of :%s in %s", name, later, p.text)
			}
		}
	}
	return nil
}

// add writes text as a regular expression in which what finds matches is one
// group each: a placeholder stops at a separator, a splat at nothing.
func (p *pattern) add(re *strings.Builder, text string, finds *regexp.Regexp, stop string) {
	for text != "" {
		at := finds.FindStringIndex(text)
		if at == nil {
			re.WriteString(regexp.QuoteMeta(text))
			return
		}
		re.WriteString(regexp.QuoteMeta(text[:at[0]]))
		if name := text[at[0]:at[1]]; name == "*" {
			re.WriteString("(.*)")
			p.names = append(p.names, "splat")
		} else {
			re.WriteString("(" + stop + ")")
			p.names = append(p.names, name[1:])
		}
		text = text[at[1]:]
	}
}

// match returns the values of p's names.
func (p *pattern) match(q *request) ([]string, bool) {
	subject := q.path
	if p.withURL {
		subject = "https://" + hostname(q.r) + q.path
	}
	if p.re == nil {
		return nil, subject == p.text
	}
	m := p.re.FindStringSubmatch(subject)
	if m == nil {
		return nil, false
	}
	return m[1:], true
}

// fill puts the values into a header or a redirect's target.
func (p *pattern) fill(s string, values []string) string {
	for i, v := range values {
		s = strings.ReplaceAll(s, ":"+p.names[i], v)
	}
	return s
}

// hostname is the host of the request without its port.
func hostname(r *http.Request) string {
	host := r.Host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return strings.ToLower(host)
}
