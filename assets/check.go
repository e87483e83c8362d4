package assets

import (
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"flint/internal/cferr"
)

// checkFiles walks over the folder once and finds what a deployment would
// refuse.
func (a *Assets) checkFiles() error {
	count := 0
	ignored := a.rules.Load().ignore
	err := filepath.WalkDir(a.opt.Dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(a.opt.Dir, full)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if ignored.match(rel, entry.IsDir()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err := a.checkWorkerJS(rel, entry); err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		count++
		return a.checkSize(full, entry)
	})
	if err == nil && count > MaxFiles {
		return cferr.Newf(http.StatusBadRequest, 0, msgTooMany, thousands(MaxFiles), thousands(count), a.opt.Dir, thousands(MaxFiles))
	}
	return err
}

func (a *Assets) checkSize(full string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return nil // removed meanwhile
	}
	if info.Size() > MaxFileSize {
		return tooLarge(a.opt.Dir, full, info.Size())
	}
	return nil
}

// checkWorkerJS keeps the code of a Pages project from being served to the
// public, unless an .assetsignore shows that somebody has thought about it.
func (a *Assets) checkWorkerJS(rel string, entry fs.DirEntry) error {
	if a.opt.Pages || a.rules.Load().ignore.hasFile || rel != "_worker.js" {
		return nil
	}
	kind := "file"
	if entry.IsDir() {
		kind = "directory"
	}
	return cferr.Newf(http.StatusBadRequest, 0, msgWorkerJS, kind)
}

func tooLarge(dir, full string, size int64) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, 0, msgTooLarge, full, prettyBytes(size), dir)
}

// prettyBytes writes a size with three digits, as Wrangler does: 25.1 MiB.
func prettyBytes(n int64) string {
	units := []string{"B", "kiB", "MiB", "GiB", "TiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	return fmt.Sprintf("%.3g %s", v, units[u])
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), ",")
}
