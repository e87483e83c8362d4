package lint

import (
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
	"testing"
)

// source is one file of the repository.
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

// imports reports whether the file imports a package, and under what name.
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

// synthetic makes a source for the test of a rule.
func synthetic(t *testing.T, name, text string) *source {
	t.Helper()
	s, err := newSource(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// root is the folder of go.mod, above the test's own.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// repository reads all files with one of the endings. What was not written here
// (node_modules, dist), data of tests and hidden folders are left out.
func repository(t *testing.T, endings ...string) []*source {
	t.Helper()
	top := root(t)
	var out []*source
	err := filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error {
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
		if !slices.Contains(endings, filepath.Ext(full)) {
			return nil
		}
		text, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, full)
		if err != nil {
			return err
		}
		s, err := newSource(filepath.ToSlash(rel), string(text))
		if err != nil {
			return err
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rule looks at the whole repository and returns one sentence per offence.
type rule func([]*source) []string

// hold applies a rule to the repository.
func hold(t *testing.T, r rule, endings ...string) {
	t.Helper()
	files := repository(t, endings...)
	if len(files) == 0 {
		t.Fatal("no files were found")
	}
	for _, offence := range r(files) {
		t.Error(offence)
	}
}

// offences checks that a rule says what it should about a synthetic file; each
// wanted text must be part of the sentence in its place.
func offences(t *testing.T, r rule, files []*source, want ...string) {
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

// each makes a rule of one that looks at one Go file at a time.
func each(check func(*source) []string) rule {
	return func(files []*source) (out []string) {
		for _, f := range files {
			if f.ast != nil {
				out = append(out, check(f)...)
			}
		}
		return out
	}
}
