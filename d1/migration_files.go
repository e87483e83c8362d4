package d1

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"flint/d1/codec"
	"flint/internal/cferr"
)

// files lists the migrations of the folder in Wrangler's order.
func (m Migrations) files() ([]string, error) {
	var names []string
	patterns := braces(cmp.Or(m.Pattern, "*.sql"))
	err := filepath.WalkDir(m.Dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			if file == m.Dir {
				return err
			}
			return nil // a folder that cannot be read holds none
		}
		if !e.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(m.Dir, file)
		rel = filepath.ToSlash(rel)
		if slices.ContainsFunc(patterns, func(p string) bool { return matches(strings.Split(p, "/"), strings.Split(rel, "/")) }) {
			names = append(names, rel)
		}
		return err
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, cferr.Newf(404, 0, msgNoMigrations, m.Dir)
	}
	slices.SortFunc(names, compareMigrations)
	return names, err
}

// matches says whether the parts of a path fit those of a glob. ** stands for
// any folders, and no star for a name that begins with a dot.
func matches(pattern, parts []string) bool {
	switch {
	case len(pattern) == 0:
		return len(parts) == 0
	case pattern[0] == "**":
		return matches(pattern[1:], parts) || len(parts) > 0 && !strings.HasPrefix(parts[0], ".") && matches(pattern, parts[1:])
	case len(parts) == 0:
		return false
	case strings.HasPrefix(parts[0], ".") && !strings.HasPrefix(pattern[0], "."):
		return false
	}
	ok, err := path.Match(pattern[0], parts[0])
	return err == nil && ok && matches(pattern[1:], parts[1:])
}

// braces spells {a,b} of a glob out, at most maxBraces patterns.
func braces(pattern string) []string {
	const maxBraces = 64
	from := strings.IndexByte(pattern, '{')
	to := strings.IndexByte(pattern, '}')
	if from < 0 || to < from {
		return []string{pattern}
	}
	var out []string
	for _, part := range strings.Split(pattern[from+1:to], ",") {
		out = append(out, braces(pattern[:from]+part+pattern[to+1:])...)
		if len(out) > maxBraces {
			return out[:maxBraces]
		}
	}
	return out
}

// compareMigrations orders part by part by the number that each begins with, so
// that 9_b.sql comes before 10_c.sql; names without a number come last.
func compareMigrations(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(x), len(y)) {
		if c := compareParts(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

func compareParts(a, b string) int {
	x, okX := leadingNumber(a)
	y, okY := leadingNumber(b)
	switch {
	case okX && okY && x != y:
		return cmp.Compare(x, y)
	case okX && !okY:
		return -1
	case okY && !okX:
		return 1
	}
	return strings.Compare(a, b)
}

func leadingNumber(name string) (float64, bool) {
	digits := 0
	for digits < len(name) && name[digits] >= '0' && name[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseFloat(name[:digits], 64)
	return n, err == nil
}

// Create makes an empty file for the next migration, as Wrangler names it, and
// the folder if there is none. It returns the file's path.
// https://developers.cloudflare.com/workers/wrangler/commands/d1/#d1-migrations-create
func (m Migrations) Create(message string, now time.Time) (string, error) {
	if strings.ContainsAny(message, "/\\\x00") || message == "" {
		return "", codec.Malformed("a migration's name is not empty and has no path separator")
	}
	if err := os.MkdirAll(m.Dir, 0o755); err != nil {
		return "", err
	}
	names, err := m.files()
	if err != nil {
		return "", err
	}
	next := 1.0
	for _, name := range names {
		if n, ok := leadingNumber(name); ok {
			next = max(next, n+1)
		}
	}
	number := fmt.Sprintf("%04.0f", next)
	name := number + "_" + strings.ReplaceAll(message, " ", "_") + ".sql"
	if !slices.ContainsFunc(braces(cmp.Or(m.Pattern, "*.sql")), func(p string) bool { return matches(strings.Split(p, "/"), []string{name}) }) {
		return "", codec.Malformed(fmt.Sprintf(msgMigrationPattern, name, m.Pattern))
	}
	file := filepath.Join(m.Dir, name)
	head := fmt.Sprintf("-- Migration number: %s \t %s\n", number, now.UTC().Format("2006-01-02T15:04:05.000Z"))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(head)
	return file, errors.Join(err, f.Close())
}
