package lint

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// source is a file of the repository.
type source struct {
	path string // relative to the module, with slashes
	text string
	fset *token.FileSet
	ast  *ast.File // nil when it is not Go
}

func (s *source) dir() string         { return path.Dir(s.path) }
func (s *source) isTest() bool        { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) line(n ast.Node) int { return s.fset.Position(n.Pos()).Line }

func (s *source) at(line int, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.path, line) + fmt.Sprintf(format, args...)
}

// imports reports whether the file imports a package, and its name in the file.
func (s *source) imports(pkg string) (name string, ok bool) {
	for _, i := range s.ast.Imports {
		if i.Path.Value == `"`+pkg+`"` {
			if i.Name != nil {
				return i.Name.Name, true
			}
			return path.Base(pkg), true
		}
	}
	return "", false
}

func newSource(name, text string) (*source, error) {
	s := &source{path: name, text: text}
	if !strings.HasSuffix(name, ".go") {
		return s, nil
	}
	var err error
	s.fset = token.NewFileSet()
	s.ast, err = parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// newTestSource returns a source with the given text, for the test of a rule.
func newTestSource(t *testing.T, name, text string) *source {
	t.Helper()
	s, err := newSource(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// root returns the folder of go.mod, above the test's.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the test")
		}
		dir = up
	}
}

// repository reads all Go and TypeScript files, once. It skips what was not written here
// (node_modules, dist), test data and hidden folders.
var repository = sync.OnceValues(func() (out []*source, err error) {
	top, err := root()
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := full != top && strings.HasPrefix(d.Name(), ".")
			if hidden || slices.Contains([]string{"node_modules", "testdata", "dist", "bin"}, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".ts", ".tsx"}, filepath.Ext(full)) {
			return nil
		}
		s, err := readSource(top, full)
		out = append(out, s)
		return err
	})
	return out, err
})

func readSource(top, full string) (*source, error) {
	text, err := os.ReadFile(full)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(top, full)
	if err != nil {
		return nil, err
	}
	return newSource(filepath.ToSlash(rel), string(text))
}

// rule checks all files and returns one sentence for each offence.
type rule func([]*source) []string

// checkRepository reports the offences of a rule in the repository.
func checkRepository(t *testing.T, r rule) {
	t.Helper()
	t.Parallel()
	files, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d files were found", len(files))
	}
	for _, offence := range r(files) {
		t.Error(offence)
	}
}

// wantOffences checks the sentences of a rule about files. Each of want must be a part of
// the sentence in its place.
func wantOffences(t *testing.T, r rule, files []*source, want ...string) {
	t.Helper()
	got := r(files)
	if len(got) != len(want) {
		t.Fatalf("%d offences, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("offence %d is %q, want %q in it", i, got[i], want[i])
		}
	}
}

// perGoFile makes a rule of a check of one Go file.
func perGoFile(check func(*source) []string) rule {
	return func(files []*source) (out []string) {
		for _, f := range files {
			if f.ast != nil {
				out = append(out, check(f)...)
			}
		}
		return out
	}
}
