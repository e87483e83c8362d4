package lint

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packageRule requires a package comment in one of the files of each package.
func packageRule(files []*source) (out []string) {
	hasComment := map[string]bool{}
	for _, f := range files {
		if f.ast != nil && !f.isTest() {
			hasComment[f.dir()] = hasComment[f.dir()] || f.ast.Doc != nil
		}
	}
	for dir, ok := range hasComment {
		if !ok {
			out = append(out, dir+": no file has a comment on the package")
		}
	}
	slices.Sort(out)
	return out
}

func TestPackagesHaveComments(t *testing.T) { checkRepository(t, packageRule) }

func TestPackageRule(t *testing.T) {
	wantOffences(t, packageRule, []*source{
		newTestSource(t, "a/a.go", "package a\n"), newTestSource(t, "a/doc.go", "// Package a is.\npackage a\n"),
		newTestSource(t, "b/b.go", "package b\n"), newTestSource(t, "b/b_test.go", "// Package b is.\npackage b\n"),
		newTestSource(t, "c/c_test.go", "package c\n"), newTestSource(t, "d/d.go", "// Package d is.\n\npackage d\n"),
	}, "b: no file", "d: no file")
}

// exportedRule requires a comment on everything that other packages can name.
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

// exportedFunc returns the name of a function or method, and whether other packages can
// call it.
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

// undocumented returns the exported names of a declaration that have no comment above or
// beside them, nor on their group.
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

func TestExportedNamesHaveComments(t *testing.T) { checkRepository(t, perGoFile(exportedRule)) }

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
	wantOffences(t, perGoFile(exportedRule), []*source{newTestSource(t, "x/x.go", text)},
		"x/x.go:3: Bare is", "x/x.go:8: T is", "x/x.go:10: T.Method is", "x/x.go:21: U.Method is", "x/x.go:23: A is", "x/x.go:33: D is")
	wantOffences(t, perGoFile(exportedRule), []*source{newTestSource(t, "x/x_test.go", text), newTestSource(t, "y/y.go", "package main\n\nfunc Bare() {}\n")})
}

// The marks are concatenated, so that the rule does not find them here.
var leftForLater = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// leftForLaterRule finds marks of unfinished work.
func leftForLaterRule(files []*source) (out []string) {
	for _, f := range files {
		for i, line := range strings.Split(f.text, "\n") {
			if word := leftForLater.FindString(line); word != "" {
				out = append(out, f.at(i+1, "%s: do it now, or write an issue", word))
			}
		}
	}
	return out
}

func TestNothingIsLeftForLater(t *testing.T) { checkRepository(t, leftForLaterRule) }

func TestLaterRule(t *testing.T) {
	wantOffences(t, leftForLaterRule, []*source{
		newTestSource(t, "x/x.go", "package x\n\n// TO"+"DO: more\n"),
		newTestSource(t, "x/x.ts", "let a = 1\n// (XX"+"X)\nconst FIX"+"MEUP = 'TO"+"DOS'\n/* FIX"+"ME */\n"),
	}, "x/x.go:3: TO", "x/x.ts:2: XX", "x/x.ts:4: FIX")
}

var (
	nolintPattern    = regexp.MustCompile(`^//\s*nolint\b`)
	nolintWithReason = regexp.MustCompile(`^//nolint:[\w,-]+ // \S`)
)

// nolintRule requires the linter's name and a reason in each nolint comment.
func nolintRule(f *source) (out []string) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if nolintPattern.MatchString(c.Text) && !nolintWithReason.MatchString(c.Text) {
				out = append(out, f.at(f.line(c), "%s: say which linter and why, as in //nolint:errcheck // the client is gone", c.Text))
			}
		}
	}
	return out
}

func TestSilencedLintersHaveReasons(t *testing.T) { checkRepository(t, perGoFile(nolintRule)) }

func TestNoLintRule(t *testing.T) {
	wantOffences(t, perGoFile(nolintRule), []*source{newTestSource(t, "x/x.go", `package x

var a = 1 //nolint
var b = 1 //nolint:errcheck
var c = 1 //nolint:errcheck,unused // the test sets it
var d = 1 // nolint: errcheck // badly spelled
var e = 1 // a nolint in a sentence
`)}, "x/x.go:3: ", "x/x.go:4: ", "x/x.go:6: ")
}
