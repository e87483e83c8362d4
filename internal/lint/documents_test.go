package lint

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documentLimits is the most bytes of documents that are to be read in minutes.
var documentLimits = map[string]int{"README.md": 10_000, "docs/ARCHITECTURE.md": 12_000}

// pathDocuments are the documents whose paths of files and packages must exist.
var pathDocuments = []string{"README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/ADDING_A_BINDING.md", "docs/RATIONALE.md"}

// document is a Markdown file with its path from the root.
type document struct{ path, text string }

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence        = regexp.MustCompile("(?s)```.*?```")
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	codeSpan     = regexp.MustCompile("`([^`\n]+)`")
	sourcePath   = regexp.MustCompile(`^[a-z0-9_]+(/[a-z0-9_]+)+(\.[a-z]+)?$`)
)

// documents reads all Markdown files that were written here.
func documents(top string) (out []document, err error) {
	err = filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && full != top && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"node_modules", "testdata", "dist", "bin"}, d.Name())) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(full) != ".md" {
			return nil
		}
		text, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, full)
		out = append(out, document{filepath.ToSlash(rel), string(text)})
		return err
	})
	return out, err
}

// anchors returns the fragments of a document that a link can name.
func anchors(text string) (out []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		plain := notInAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(plain, " ", "-"))
	}
	return out
}

// documentRule checks sizes, links and paths. exists reports whether a path from the root
// exists.
func documentRule(all []document, exists func(string) bool) (out []string) {
	byPath := map[string]document{}
	for _, d := range all {
		byPath[d.path] = d
	}
	for _, d := range all {
		if limit := documentLimits[d.path]; limit > 0 && len(d.text) > limit {
			out = append(out, fmt.Sprintf("%s has %d bytes; say it in %d", d.path, len(d.text), limit))
		}
		for _, m := range markdownLink.FindAllStringSubmatch(fence.ReplaceAllString(d.text, ""), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, ":") {
				continue
			}
			target := d.path
			if file != "" {
				target = path.Join(path.Dir(d.path), file)
			}
			if !exists(target) {
				out = append(out, fmt.Sprintf("%s: the link %s leads nowhere", d.path, m[1]))
			} else if to, ok := byPath[target]; ok && anchor != "" && !slices.Contains(anchors(to.text), anchor) {
				out = append(out, fmt.Sprintf("%s: %s has no heading for %s", d.path, target, m[1]))
			}
		}
		if slices.Contains(pathDocuments, d.path) {
			out = append(out, missingPaths(d, exists)...)
		}
	}
	return out
}

// missingPaths returns the paths in code spans that begin with a folder of the repository
// and do not exist.
func missingPaths(d document, exists func(string) bool) (out []string) {
	for _, m := range codeSpan.FindAllStringSubmatch(fence.ReplaceAllString(d.text, ""), -1) {
		top, _, _ := strings.Cut(m[1], "/")
		if sourcePath.MatchString(m[1]) && exists(top) && !exists(m[1]) {
			out = append(out, fmt.Sprintf("%s: there is no %s", d.path, m[1]))
		}
	}
	return out
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	top, err := root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := documents(top)
	if err != nil || len(all) < 10 {
		t.Fatalf("%d documents, %v", len(all), err)
	}
	exists := func(p string) bool {
		_, err := os.Stat(filepath.Join(top, filepath.FromSlash(p)))
		return err == nil
	}
	for _, offence := range documentRule(all, exists) {
		t.Error(offence)
	}
}

func TestDocumentRule(t *testing.T) {
	files := []string{"kv", "kv/kv.go", "docs/A.md", "README.md"}
	exists := func(p string) bool { return slices.Contains(files, p) }
	got := documentRule([]document{
		{"README.md", "# T\n[a](docs/A.md#one-two) [b](docs/A.md#three) [c](docs/B.md) [d](https://x) [e](#t) `kv/kv.go` `kv/gone.go` `a/b`\n```\n[f](nowhere)\n```\n" + strings.Repeat("x", 10_000)},
		{"docs/A.md", "## One `two`\n[up](../README.md)\n"},
	}, exists)
	want := []string{"README.md has 10", "README.md: docs/A.md has no heading for docs/A.md#three", "README.md: the link docs/B.md leads nowhere", "README.md: there is no kv/gone.go"}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}
