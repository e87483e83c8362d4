package assets

import (
	"regexp"
	"strings"
)

// ignore says which files are no assets, by the rules of .gitignore.
// https://developers.cloudflare.com/workers/static-assets/binding/#ignoring-assets
type ignore struct {
	hasFile bool // there is an .assetsignore
	rules   []ignoreRule
}

type ignoreRule struct {
	re      *regexp.Regexp
	negated bool
	dirOnly bool
}

// pagesIgnored are never served by Pages, beside its three rule files.
const pagesIgnored = "/_worker.js\n/_routes.json\n/functions\n.DS_Store\nnode_modules\n.git"

func newIgnore(text string, written, pages bool) ignore {
	g := ignore{hasFile: written}
	if pages {
		text = pagesIgnored
	}
	for _, line := range strings.Split(text, "\n") {
		if r, ok := parseIgnore(line); ok {
			g.rules = append(g.rules, r)
		}
	}
	return g
}

// match reports whether the file or folder at a relative path is ignored. What
// lies in an ignored folder is ignored whatever comes later.
func (g *ignore) match(rel string, isDir bool) bool {
	switch rel {
	case headersFile, redirectsFile, ignoreFile:
		return true
	}
	if len(g.rules) == 0 {
		return false
	}
	for i := range len(rel) {
		if rel[i] == '/' && g.one(rel[:i], true) {
			return true
		}
	}
	return g.one(rel, isDir)
}

func (g *ignore) one(rel string, isDir bool) bool {
	for i := len(g.rules) - 1; i >= 0; i-- {
		r := &g.rules[i]
		if (isDir || !r.dirOnly) && r.re.MatchString(rel) {
			return !r.negated
		}
	}
	return false
}

func parseIgnore(line string) (ignoreRule, bool) {
	line = strings.TrimSuffix(line, "\r")
	if !strings.HasSuffix(line, `\ `) {
		line = strings.TrimRight(line, " ")
	}
	if line == "" || line[0] == '#' {
		return ignoreRule{}, false
	}
	var r ignoreRule
	if line[0] == '!' {
		r.negated, line = true, line[1:]
	}
	line, r.dirOnly = strings.CutSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return ignoreRule{}, false
	}
	expr := globExpr(line)
	if !anchored {
		expr = "(?:.*/)?" + expr
	}
	var err error
	r.re, err = regexp.Compile("^" + expr + "$")
	return r, err == nil
}

// globExpr turns a .gitignore pattern into a regular expression.
func globExpr(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		switch rest := p[i:]; {
		case strings.HasPrefix(rest, "**/") && (i == 0 || p[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += 2
		case rest == "**" && i > 0 && p[i-1] == '/':
			b.WriteString(".+")
			i++
		case p[i] == '*':
			b.WriteString("[^/]*")
		case p[i] == '?':
			b.WriteString("[^/]")
		case p[i] == '[':
			n := classExpr(&b, rest)
			i += n - 1
		case p[i] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		default:
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	return b.String()
}

// classExpr writes a class like [a-z] or [!0-9] and returns its length; without
// an end the bracket stands for itself.
func classExpr(b *strings.Builder, s string) int {
	end := strings.IndexByte(s[1:], ']')
	if end < 1 {
		b.WriteString(`\[`)
		return 1
	}
	class := s[1 : end+1]
	b.WriteByte('[')
	if class[0] == '!' || class[0] == '^' {
		b.WriteByte('^')
		class = class[1:]
	}
	b.WriteString(strings.ReplaceAll(strings.ReplaceAll(class, `\`, `\\`), "[", `\[`))
	b.WriteByte(']')
	return end + 2
}
