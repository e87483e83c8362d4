package lint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxPackageFiles is the most Go files, tests not counted, of one package.
const maxPackageFiles = 30

// byPackage returns the names of the Go files without tests, by folder.
func byPackage(files []*source) map[string][]string {
	out := map[string][]string{}
	for _, f := range files {
		if f.ast != nil && !f.isTest() {
			out[f.dir()] = append(out[f.dir()], path.Base(f.path))
		}
	}
	return out
}

// sizeRule bounds the number of files of a package.
func sizeRule(files []*source) (out []string) {
	for dir, names := range byPackage(files) {
		if len(names) > maxPackageFiles {
			out = append(out, fmt.Sprintf("%s has %d Go files beside tests; move a subject into a package of its own, so that at most %d are left", dir, len(names), maxPackageFiles))
		}
	}
	slices.Sort(out)
	return out
}

func TestPackagesAreSmall(t *testing.T) { checkRepository(t, sizeRule) }

func TestSizeRule(t *testing.T) {
	folder := func(dir string, files int) (out []*source) {
		for i := range files {
			out = append(out, newTestSource(t, fmt.Sprintf("%s/f%d.go", dir, i), "package x\n"))
		}
		return append(out, newTestSource(t, dir+"/f_test.go", "package x\n"), &source{path: dir + "/page.ts"})
	}
	wantOffences(t, sizeRule, append(folder("a", maxPackageFiles), folder("b", maxPackageFiles+1)...), "b has 31 Go files")
}

// docRule requires a package's comment in its doc.go and nowhere else.
func docRule(files []*source) (out []string) {
	documented := map[string]bool{}
	for _, f := range files {
		if f.ast == nil || f.isTest() || f.ast.Doc == nil {
			continue
		}
		if path.Base(f.path) == "doc.go" {
			documented[f.dir()] = true
		} else {
			out = append(out, f.at(f.line(f.ast.Name), "the comment of the package stands in doc.go"))
		}
	}
	for dir := range byPackage(files) {
		if !documented[dir] {
			out = append(out, dir+" has no doc.go that says what lives here, what flows through and what may not")
		}
	}
	slices.Sort(out)
	return out
}

func TestPackagesHaveDocFiles(t *testing.T) { checkRepository(t, docRule) }

func TestDocRule(t *testing.T) {
	wantOffences(t, docRule, []*source{
		newTestSource(t, "a/doc.go", "// Package a is.\npackage a\n"), newTestSource(t, "a/x.go", "// A licence.\n\npackage a\n"),
		newTestSource(t, "b/b.go", "// Package b is.\npackage b\n"),
		newTestSource(t, "c/doc.go", "package c\n"),
		newTestSource(t, "d/d_test.go", "// Package d is.\npackage d\n"),
	}, "b has no doc.go", "b/b.go:2: the comment", "c has no doc.go")
}

var (
	fileName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*\.go$`)
	// wordEndings make another form of a word and do not begin a second word.
	wordEndings = []string{"s", "es", "d", "ed", "r", "er", "ers", "or", "ing"}
	// singleWords begin with another file's name but are one word.
	singleWords = []string{"catalogue", "connect", "doctor", "header", "headers", "metadata", "parse", "restore", "runtime"}
)

// nameRule requires the names subject.go and subject_part.go: words are separated, and a
// file about a part of another file's subject, or of the package's, is named after it.
func nameRule(files []*source) (out []string) {
	for dir, names := range byPackage(files) {
		subjects := []string{path.Base(dir)}
		for _, name := range names {
			subjects = append(subjects, strings.TrimSuffix(name, ".go"))
		}
		for _, name := range names {
			if !fileName.MatchString(name) {
				out = append(out, dir+"/"+name+": a file is named subject.go or subject_part.go, in lower case")
			} else if s := runTogether(strings.TrimSuffix(name, ".go"), subjects); s != "" {
				out = append(out, fmt.Sprintf("%s/%s: words run together with %q, which is a subject of this package; put _ between the words", dir, name, s))
			}
		}
	}
	slices.Sort(out)
	return out
}

// runTogether returns the subject that a name begins with if another word follows it
// without a separator.
func runTogether(name string, subjects []string) string {
	if slices.Contains(singleWords, name) {
		return ""
	}
	for _, s := range subjects {
		rest, ok := strings.CutPrefix(name, s)
		if ok && len(s) > 1 && rest != "" && rest[0] != '_' && !slices.Contains(wordEndings, strings.SplitN(rest, "_", 2)[0]) {
			return s
		}
	}
	return ""
}

func TestFilesAreNamedAlike(t *testing.T) { checkRepository(t, nameRule) }

func TestNameRule(t *testing.T) {
	var files []*source
	for _, name := range []string{
		"ai/chat.go", "ai/chat_call.go", "ai/chatcall.go", "ai/chats.go", "ai/Big.go", "ai/a-b.go",
		"kv/kvbulk.go", "kv/kv.go", "kv/kv_bulk.go", "kv/head.go", "kv/header.go", "kv/batch.go", "kv/batching_test.go", "kv/batchmatch_test.go",
	} {
		files = append(files, newTestSource(t, name, "package x\n"))
	}
	wantOffences(t, nameRule, files, "ai/Big.go: a file", "ai/a-b.go: a file", `ai/chatcall.go: words run together with "chat"`, `kv/kvbulk.go: words run together with "kv"`)
}
