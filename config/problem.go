package config

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	File         string // as shown: relative to the working directory when it is below it; "" for a flag or variable
	Line, Column int    // 1-based; 0 when the whole file or no file is meant
	Key          string // kv_namespaces[0].id
	Text         string
}

// String is one line: file:line:column: key: text.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return b.String() + p.Text
}

// Error is everything that is wrong, so that a person mends it in one go. The
// command answers it with exit code 2.
type Error struct{ Problems []Problem }

// Error lists the problems, a line each.
func (e *Error) Error() string {
	out := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		out[i] = p.String()
	}
	return strings.Join(out, "\n")
}

// syntaxError is what a parser says; the caller knows the file.
type syntaxError struct {
	pos  position
	text string
}

func (e *syntaxError) Error() string { return e.text }

// report collects what is said about one file.
type report struct {
	file     string // as shown
	problems []Problem
	warnings []string
}

func (r *report) errorf(pos position, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, pos.line, pos.col, key, fmt.Sprintf(format, args...)})
}

func (r *report) warnf(pos position, key, format string, args ...any) {
	p := Problem{r.file, pos.line, pos.col, key, fmt.Sprintf(format, args...)}
	r.warnings = append(r.warnings, p.String())
}

// err is nil when there is nothing to report.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	sort.SliceStable(r.problems, func(i, j int) bool {
		a, b := r.problems[i], r.problems[j]
		if a.File != b.File {
			return false
		}
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return &Error{r.problems}
}

// problemf is an error about a whole file, a flag or a variable.
func problemf(file, key, format string, args ...any) error {
	return &Error{[]Problem{{File: displayPath(file), Key: key, Text: fmt.Sprintf(format, args...)}}}
}

// displayPath is how a path is printed: short when it is below the working directory.
func displayPath(path string) string {
	if path == "" {
		return ""
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return rel
		}
	}
	return path
}

// didYouMean is "; did you mean X?" or nothing when no known name is near.
func didYouMean(name string, known []string) string {
	best, distance := "", max(2, len(name)/3)+1
	sort.Strings(known)
	for _, k := range known {
		if d := editDistance(normal(name), normal(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func normal(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// editDistance is Levenshtein's, on bytes; names longer than 64 are never near.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1 << 10
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, cost)
		}
	}
	return row[len(b)]
}
