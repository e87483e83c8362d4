package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// wranglerFile is one parsed Wrangler file.
type wranglerFile struct {
	path   string
	root   *node
	report *report
}

func readWrangler(path string) (*wranglerFile, error) {
	parse := parseTOML
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".json" || ext == ".jsonc" {
		parse = parseJSON
	}
	root, err := parseFile(path, parse)
	if err != nil {
		return nil, err
	}
	return &wranglerFile{path, root, &report{file: displayPath(path)}}, nil
}

// parseFile reads a file whose outermost value must be a table.
func parseFile(path string, parse func([]byte) (*node, error)) (*node, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, problemf(path, "", "%s", plainError(err))
	}
	root, err := parseBytes(data, parse)
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		return nil, &Error{[]Problem{{File: displayPath(path), Line: syntax.pos.line, Column: syntax.pos.col, Text: syntax.text}}}
	}
	if err != nil {
		return nil, problemf(path, "", "%s", err)
	}
	return root, nil
}

func parseBytes(data []byte, parse func([]byte) (*node, error)) (*node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := tooDeep(data); err != nil {
		return nil, err
	}
	root, err := parse(data)
	if err == nil && root.kind != kindTable {
		err = &syntaxError{root.pos, "found " + root.found() + ", want a table of settings"}
	}
	return root, err
}

// readFile reads a file of a bounded size.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("is larger than %d bytes", maxFile)
	}
	return data, err
}

// plainError drops the path and the system call, which the caller names.
func plainError(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.As(err, &p):
		return p.Err.Error()
	}
	return err.Error()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
