package lint

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageRule wants a comment on each package, in one of its files.
func packageRule(files []*source) (out []string) {
	said := map[string]bool{}
	for _, f := range files {
		if f.ast != nil && !f.isTest() {
			said[f.dir()] = said[f.dir()] || f.ast.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			out = append(out, dir+": no file has a comment on the package")
		}
	}
	slices.Sort(out)
	return out
}

func TestPackagesHaveComments(t *testing.T) { hold(t, packageRule) }

func TestPackageRule(t *testing.T) {
	offences(t, packageRule, []*source{
		synthetic(t, "a/a.go", "package a\n"), synthetic(t, "a/doc.go", "// Package a is.\npackage a\n"),
		synthetic(t, "b/b.go", "package b\n"), synthetic(t, "b/b_test.go", "// Package b is.\npackage b\n"),
		synthetic(t, "c/c_test.go", "package c\n"), synthetic(t, "d/d.go", "// Package d is.\n\npackage d\n"),
	}, "b: no file", "d: no file")
}

// exportedRule wants a comment on everything that other packages can name.
func exportedRule(f *source) (out []string) {
	if f.isTest() || f.ast.Name.Name == "main" {
		return nil
	}
	missing := func(n ast.Node, name string) {
		out = append(out, f.at(f.line(n), "%s is exported and has no comment", name))
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if name, ok := exportedFunc(d); ok && d.Doc == nil {
				missing(d, name)
			}
		case *ast.GenDecl:
			for _, name := range undocumented(d) {
				missing(name, name.Name)
			}
		}
	}
	return out
}

// exportedFunc is the name of a function or method that can be reached.
func exportedFunc(d *ast.FuncDecl) (string, bool) {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name, d.Name.IsExported()
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			t = x.X
			continue
		case *ast.IndexListExpr:
			t = x.X
			continue
		case *ast.Ident:
			return x.Name + "." + d.Name.Name, x.IsExported() && d.Name.IsExported()
		}
		return d.Name.Name, false
	}
}

// undocumented are the exported names of a declaration without a comment of
// their own, beside them, or on their group.
func undocumented(d *ast.GenDecl) (out []*ast.Ident) {
	if d.Tok == token.IMPORT || d.Doc != nil {
		return nil
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Doc == nil && s.Comment == nil && s.Name.IsExported() {
				out = append(out, s.Name)
			}
		case *ast.ValueSpec:
			if s.Doc != nil || s.Comment != nil {
				continue
			}
			for _, name := range s.Names {
				if name.IsExported() {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func TestExportedNamesHaveComments(t *testing.T) { hold(t, each(exportedRule)) }

func TestExportedRule(t *testing.T) {
	const text = `package x

func Bare() {}

// Said is.
func Said() {}

type T struct{}

func (t *T) Method() {}

func (t T) private() {}

type hidden struct{}

func (h *hidden) Method() {}

// U is.
type U[K any] struct{}

func (u *U[K]) Method() {}

const A, b = 1, 2

// Group of errors.
var (
	ErrA = 1
	ErrB = 2
)

var (
	C = 3 // beside
	D = 4
)
`
	offences(t, each(exportedRule), []*source{synthetic(t, "x/x.go", text)},
		"x/x.go:3: Bare is", "x/x.go:8: T is", "x/x.go:10: T.Method is", "x/x.go:21: U.Method is", "x/x.go:23: A is", "x/x.go:33: D is")
	offences(t, each(exportedRule), []*source{synthetic(t, "x/x_test.go", text), synthetic(t, "y/y.go", "package main\n\nfunc Bare() {}\n")})
}

// The words are put together here, so that this file does not offend itself.
var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// laterRule finds what somebody left for later.
func laterRule(files []*source) (out []string) {
	for _, f := range files {
		for i, line := range strings.Split(f.text, "\n") {
			if word := later.FindString(line); word != "" {
				out = append(out, f.at(i+1, "%s: do it now, or write an issue", word))
			}
		}
	}
	return out
}

func TestNothingIsLeftForLater(t *testing.T) { hold(t, laterRule) }

func TestLaterRule(t *testing.T) {
	offences(t, laterRule, []*source{
		synthetic(t, "x/x.go", "package x\n\n// TO"+"DO: more\n"),
		synthetic(t, "x/x.ts", "let a = 1\n// (XX"+"X)\nconst FIX"+"MEUP = 'TO"+"DOS'\n/* FIX"+"ME */\n"),
	}, "x/x.go:3: TO", "x/x.ts:2: XX", "x/x.ts:4: FIX")
}

var (
	noLint     = regexp.MustCompile(`^//\s*nolint\b`)
	withReason = regexp.MustCompile(`^//nolint:[\w,-]+ // \S`)
)

// noLintRule wants a linter's name and a reason wherever one is silenced.
func noLintRule(f *source) (out []string) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if noLint.MatchString(c.Text) && !withReason.MatchString(c.Text) {
				out = append(out, f.at(f.line(c), "%s: say which linter and why, as in //nolint:errcheck // the client is gone", c.Text))
			}
		}
	}
	return out
}

func TestSilencedLintersHaveReasons(t *testing.T) { hold(t, each(noLintRule)) }

func TestNoLintRule(t *testing.T) {
	offences(t, each(noLintRule), []*source{synthetic(t, "x/x.go", `package x

var a = 1 //nolint
var b = 1 //nolint:errcheck
var c = 1 //nolint:errcheck,unused // the test sets it
var d = 1 // nolint: errcheck // badly spelled
var e = 1 // a nolint in a sentence
`)}, "x/x.go:3: ", "x/x.go:4: ", "x/x.go:6: ")
}
