package bundle

import (
	"regexp"
	"strings"

	"flint/config"
)

// rule is a compiled module rule.
// https://developers.cloudflare.com/workers/wrangler/bundling/#including-non-javascript-modules
type rule struct {
	kind    string
	imports []string         // expressions for import paths: a * crosses slashes
	files   []*regexp.Regexp // expressions for file paths below the module root: ** crosses slashes
	ignored bool             // an earlier rule of the same type has no fallthrough
}

// defaultRules come after the Worker's own.
var defaultRules = []config.Rule{
	{Type: "Text", Globs: []string{"**/*.txt", "**/*.html", "**/*.sql"}},
	{Type: "Data", Globs: []string{"**/*.bin"}},
	{Type: "CompiledWasm", Globs: []string{"**/*.wasm", "**/*.wasm?module"}},
}

func (r *rule) script() bool { return r.kind == "ESModule" || r.kind == "CommonJS" }

func (r *rule) module() ModuleType {
	switch r.kind {
	case "ESModule":
		return ESModule
	case "CommonJS":
		return CommonJS
	case "Text":
		return Text
	case "CompiledWasm":
		return Wasm
	}
	return Data
}

// compileRules puts rules that count before those that are ignored, so that a
// file which both match is served by the first.
func compileRules(own []config.Rule) ([]rule, error) {
	var used, ignored []rule
	closed := map[string]bool{}
	for _, r := range append(append([]config.Rule{}, own...), defaultRules...) {
		c := rule{kind: r.Type, ignored: closed[r.Type]}
		for _, glob := range r.Globs {
			file, err := regexp.Compile(globFile(glob))
			if err != nil {
				return nil, newError("the module rule %q cannot be used: %s", glob, err)
			}
			c.files = append(c.files, file)
			c.imports = append(c.imports, globImport(glob))
		}
		if c.ignored {
			ignored = append(ignored, c)
			continue
		}
		used = append(used, c)
		closed[r.Type] = r.Fallthrough == nil || !*r.Fallthrough
	}
	return append(used, ignored...), nil
}

// globImport matches import paths: any run of * is any text.
func globImport(glob string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(glob); i++ {
		if glob[i] != '*' {
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			continue
		}
		for i+1 < len(glob) && glob[i+1] == '*' {
			i++
		}
		b.WriteString(".*")
	}
	return b.String() + "$"
}

// globFile matches paths with slashes: ** is any number of folders, * stays
// within one.
func globFile(glob string) string {
	var b strings.Builder
	b.WriteByte('^')
	for i := 0; i < len(glob); {
		atStart := i == 0 || glob[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(glob[i:], "**/"):
			b.WriteString(`(?:[^/]*/)*`)
			i += 3
		case atStart && glob[i:] == "**":
			b.WriteString(`.*`)
			i += 2
		case glob[i] == '*':
			b.WriteString(`[^/]*`)
			for i < len(glob) && glob[i] == '*' {
				i++
			}
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			i++
		}
	}
	return b.String() + "$"
}
