package lint

import (
	"go/ast"
	"strings"
	"testing"
)

// maxFunctionLines is the most lines of a function, without its comment.
const maxFunctionLines = 60

func lengthRule(f *source) (out []string) {
	if f.isTest() {
		return nil
	}
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		lines := f.fset.Position(fn.End()).Line - f.line(fn) + 1 // without the comment
		if lines > maxFunctionLines {
			out = append(out, f.at(f.line(fn), "%s has %d lines; cut it into parts of at most %d", fn.Name.Name, lines, maxFunctionLines))
		}
	}
	return out
}

func TestShortFunctions(t *testing.T) { checkRepository(t, perGoFile(lengthRule)) }

func TestLengthRule(t *testing.T) {
	function := func(lines int) string {
		return "// f has a comment\n// of two lines.\nfunc f() {\n" + strings.Repeat("\t_ = 1\n", lines-2) + "}\n"
	}
	wantOffences(t, perGoFile(lengthRule), []*source{newTestSource(t, "kv/x.go", "package x\n\n"+function(maxFunctionLines))})
	wantOffences(t, perGoFile(lengthRule), []*source{newTestSource(t, "kv/x.go", "package x\n\n"+function(maxFunctionLines+1))}, "f has 61 lines")
	wantOffences(t, perGoFile(lengthRule), []*source{newTestSource(t, "kv/x_test.go", "package x\n\n"+function(maxFunctionLines+1))})
}
