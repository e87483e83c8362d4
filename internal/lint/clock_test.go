package lint

import (
	"go/ast"
	"slices"
	"testing"
)

// realTime are the functions of package time that read the machine's clock or wait by
// it.
var realTime = []string{"Now", "Sleep", "After", "NewTimer", "NewTicker", "Tick", "AfterFunc", "Since", "Until"}

// clockRule finds uses of the machine's clock outside internal/clock, and sleeps in tests
// outside testing/synctest.
func clockRule(f *source) (out []string) {
	name, ok := f.imports("time")
	if !ok || f.dir() == "internal/clock" {
		return nil
	}
	_, bubbles := f.imports("testing/synctest")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Name != name {
			return true
		}
		switch {
		case !f.isTest() && slices.Contains(realTime, sel.Sel.Name):
			out = append(out, f.at(f.line(sel), "time.%s: use a clock.Clock, so that the clock can be moved", sel.Sel.Name))
		case f.isTest() && !bubbles && sel.Sel.Name == "Sleep":
			out = append(out, f.at(f.line(sel), "time.Sleep in a test: wait for what you wait for, or use testing/synctest"))
		}
		return true
	})
	return out
}

func TestOneClock(t *testing.T) { checkRepository(t, perGoFile(clockRule)) }

func TestClockRule(t *testing.T) {
	const calls = "package x\n\nimport \"time\"\n\nfunc f() {\n\t_ = time.Now()\n\ttime.Sleep(time.Second)\n\t_ = time.Until\n\t_ = time.UTC\n}\n"
	wantOffences(t, perGoFile(clockRule), []*source{newTestSource(t, "kv/x.go", calls)},
		"kv/x.go:6: time.Now: use", "kv/x.go:7: time.Sleep: use", "kv/x.go:8: time.Until: use")
	wantOffences(t, perGoFile(clockRule), []*source{newTestSource(t, "kv/x_test.go", calls)}, "kv/x_test.go:7: time.Sleep in a test")
	wantOffences(t, perGoFile(clockRule), []*source{newTestSource(t, "internal/clock/x.go", calls)})
	const bubble = "package x\n\nimport (\n\t\"testing/synctest\"\n\t\"time\"\n)\n\nvar _ = synctest.Wait\n\nfunc f() { time.Sleep(1) }\n"
	wantOffences(t, perGoFile(clockRule), []*source{newTestSource(t, "kv/x_test.go", bubble)})
	const renamed = "package x\n\nimport std \"time\"\n\nvar time struct{ Now int }\n\nvar _ = time.Now\nvar _ = std.Now()\n"
	wantOffences(t, perGoFile(clockRule), []*source{newTestSource(t, "kv/x.go", renamed)}, "kv/x.go:8: time.Now")
}
