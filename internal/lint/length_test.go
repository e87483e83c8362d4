package lint

import (
	"go/ast"
	"strings"
	"testing"
)

// maxFunction is the most lines of a function, from its first to its last.
const maxFunction = 60

func lengthRule(f *source) (out []string) {
	if f.isTest() {
		return nil
	}
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := f.fset.Position(fn.End()).Line - f.line(fn) + 1 // Pos leaves the comment out
		if lines > maxFunction {
			out = append(out, f.at(f.line(fn), "%s has %d lines; cut it into parts of at most %d", fn.Name.Name, lines, maxFunction))
		}
	}
	return out
}

func TestShortFunctions(t *testing.T) { hold(t, each(lengthRule)) }

func TestLengthRule(t *testing.T) {
	function := func(lines int) string {
		return "// f has a comment\n// of two lines.\nfunc f() {\n" + strings.Repeat("\t_ = 1\n", lines-2) + "}\n"
	}
	offences(t, each(lengthRule), []*source{synthetic(t, "kv/x.go", "package x\n\n"+function(maxFunction))})
	offences(t, each(lengthRule), []*source{synthetic(t, "kv/x.go", "package x\n\n"+function(maxFunction+1))}, "f has 61 lines")
	offences(t, each(lengthRule), []*source{synthetic(t, "kv/x_test.go", "package x\n\n"+function(maxFunction+1))})
}
