package lint

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// aiProviders are the providers in ai/providers, by the name of their first file.
// What they share is in the package's other files; gateway.go and providers.go
// route to all of them.
var aiProviders = []string{"anthropic", "deepseek", "openai", "openrouter", "workers_ai"}

// providerOf gives the provider that a file belongs to, or nothing.
func providerOf(f *source) string {
	name := strings.TrimSuffix(path.Base(f.path), ".go")
	if f.dir() != "ai/providers" || f.isTest() {
		return ""
	}
	for _, p := range aiProviders {
		if name == p || strings.HasPrefix(name, p+"_") {
			return p
		}
	}
	return ""
}

// providerRule keeps a provider from using what another one declares.
func providerRule(files []*source) (out []string) {
	owner := map[string]string{}
	for _, f := range files {
		if p := providerOf(f); p != "" {
			for _, name := range declaredNames(f.ast) {
				owner[name] = p
			}
		}
	}
	for _, f := range files {
		p := providerOf(f)
		if p == "" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if o := owner[id.Name]; o != "" && o != p {
				out = append(out, f.at(f.line(id), "%s uses %s of %s; what providers share is in a file of its own", p, id.Name, o))
			}
			return true
		})
	}
	slices.Sort(out)
	return out
}

// declaredNames are the names that a file gives to its package, methods left out.
func declaredNames(f *ast.File) (names []string) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

func TestProvidersKnowNoOther(t *testing.T) { checkRepository(t, providerRule) }

func TestProviderRule(t *testing.T) {
	wantOffences(t, providerRule, []*source{
		newTestSource(t, "ai/providers/openai.go", "package providers\n\nfunc pack() { shared() }\n"),
		newTestSource(t, "ai/providers/chat.go", "package providers\n\nfunc shared() {}\n"),
		newTestSource(t, "ai/providers/gateway.go", "package providers\n\nvar _ = pack\n"),
		newTestSource(t, "ai/providers/anthropic_stream.go", "package providers\n\nfunc stream() { pack() }\n"),
	}, "ai/providers/anthropic_stream.go:3: anthropic uses pack of openai")
}
