package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module = "github.com/mattn/go-sqlite3"
	source = "sqlite3-binding.c" // SQLite, in one file
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rowcount FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "rowcount:", err)
		os.Exit(1)
	}
}

// run prepares the copy for the module in the working directory.
func run(folder string) error {
	var original, here struct{ Dir, GoVersion string }
	if err := ask(&original, "mod", "download", "-json", module); err != nil {
		return err
	}
	if err := ask(&here, "list", "-m", "-json"); err != nil {
		return err
	}
	if err := copyModule(original.Dir, filepath.Join(folder, "go-sqlite3")); err != nil {
		return err
	}
	work := fmt.Sprintf("go %s\n\nuse %q\n\nreplace %s => ./go-sqlite3\n", here.GoVersion, here.Dir, module)
	return os.WriteFile(filepath.Join(folder, "go.work"), []byte(work), 0o644)
}

// ask runs the go command, without the workspace that is not there yet.
func ask(answer any, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("go %s: %s%s", strings.Join(args, " "), out, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(out, answer)
}

// copyModule copies the package at the root of a module, with the edits in.
func copyModule(from, to string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if f.Name() == source {
			edited, err := apply(string(text))
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Join(from, source), err)
			}
			text = []byte(edited)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// apply adds the counters and the clause to SQLite's source.
func apply(text string) (string, error) {
	for _, e := range slices.Concat(edits, limitEdits) {
		from := strings.Index(text, e.within)
		if from < 0 {
			return "", fmt.Errorf("%q is missing: this version of SQLite needs another edit", e.within)
		}
		if strings.Contains(text[from+1:], e.within) {
			return "", fmt.Errorf("%q is there twice: this version of SQLite needs another edit", e.within)
		}
		at := strings.Index(text[from:], e.after)
		if at < 0 || at > reach {
			return "", fmt.Errorf("%q does not follow %q: this version of SQLite needs another edit", e.after, e.within)
		}
		at += from + len(e.after)
		text = text[:at] + "\n" + e.add + text[at:]
	}
	return text, nil
}
