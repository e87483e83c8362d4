package lint

import (
	"slices"
	"testing"
)

// withoutHTTP are folders whose code makes values from values: package ai and
// the providers put them into responses.
var withoutHTTP = []string{"ai/generate", "ai/media", "ai/markdown"}

func knowsNoHTTP(f *source) []string {
	if f.isTest() || !slices.Contains(withoutHTTP, f.dir()) {
		return nil
	}
	for _, i := range f.ast.Imports {
		if i.Path.Value == `"net/http"` {
			return []string{f.at(f.line(i), "%s may not import net/http: what it makes is sent by others", f.dir())}
		}
	}
	return nil
}

func TestKnowsNoHTTP(t *testing.T) { checkRepository(t, perGoFile(knowsNoHTTP)) }

func TestKnowsNoHTTPRule(t *testing.T) {
	const text = "package x\n\nimport _ \"net/http\"\n"
	wantOffences(t, perGoFile(knowsNoHTTP), []*source{
		newTestSource(t, "ai/generate/x.go", text), newTestSource(t, "ai/generate/x_test.go", text), newTestSource(t, "ai/providers/x.go", text),
	}, "ai/generate/x.go:3: ai/generate may not import net/http")
}
