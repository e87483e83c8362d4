package r2

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"flint/cmd/flint/cli"
)

// PartialName begins the names of files that are being written; those that a
// killed sync left are no files of the folder.
const PartialName = ".flint-sync-"

// maxKey is the longest key, in bytes.
const maxKey = 1024

// scanLocal finds the files of the folder.
func (s *syncing) scanLocal() error {
	s.local = map[string]localFile{}
	if s.root == nil {
		return nil
	}
	return fs.WalkDir(s.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || strings.HasPrefix(path.Base(name), PartialName) || !s.flags.filter.takes(name) {
			return nil
		}
		info, err := s.root.Stat(name) // follows links, but not out of the folder
		if err != nil || !info.Mode().IsRegular() {
			s.leaveOut(name, d, err)
			return nil
		}
		if s.up && !utf8.ValidString(name) {
			return fmt.Errorf("the name of %q is not UTF-8, as keys are; leave it out with --exclude", name)
		}
		if s.up && len(s.prefix+name) > maxKey {
			return fmt.Errorf("the key of %s would have %d bytes; a key has at most %d", name, len(s.prefix+name), maxKey)
		}
		s.local[name] = localFile{info.Size()}
		return nil
	})
}

// leaveOut names what is not a file.
func (s *syncing) leaveOut(name string, d fs.DirEntry, err error) {
	s.kept = append(s.kept, name)
	what := "is no file"
	switch {
	case d.Type()&fs.ModeSymlink != 0 && err != nil:
		what = "is a link that leads out of the folder, or nowhere"
	case d.Type()&fs.ModeSymlink != 0:
		what = "is a link to a folder"
	case err != nil:
		what = "cannot be read: " + cli.WithoutPath(err).Error()
	}
	fmt.Fprintf(s.app.Streams.Err, "flint: left out: %s %s\n", path.Join(s.dir, name), what)
}

// leftOut reports whether a path was left out, or lies behind a link that was.
func (s *syncing) leftOut(name string) bool {
	return slices.ContainsFunc(s.kept, func(kept string) bool { return name == kept || strings.HasPrefix(name, kept+"/") })
}

// opener opens a file of the folder.
func (s *syncing) opener(name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return s.root.Open(name) }
}

// scanRemote lists the objects below the prefix.
func (s *syncing) scanRemote() error {
	s.remote = map[string]remoteObject{}
	err := eachObject(s.cmd, s.bucket, url.Values{"prefix": {s.prefix}}, func(o ObjectInfo) error {
		name := strings.TrimPrefix(o.Key, s.prefix)
		if name == "" || !s.flags.filter.takes(name) {
			return nil
		}
		if !s.up {
			if strings.HasSuffix(name, "/") && o.Size == 0 {
				return nil // other tools mark folders so
			}
			if err := writable(o.Key, name); err != nil {
				return err
			}
		}
		s.remote[name] = remoteObject{o.Size, o.ETag}
		return nil
	}, func(string) error { return nil })
	if err != nil || s.up {
		return err
	}
	return s.foldersThatAreFiles()
}

// writable says why a key cannot be a file below the folder.
func writable(key, name string) error {
	why := ""
	switch {
	case strings.HasPrefix(name, "/"):
		why = "begins with a slash"
	case strings.HasSuffix(name, "/"):
		why = "ends with a slash"
	case strings.ContainsRune(name, 0):
		why = "holds a zero byte"
	case !fs.ValidPath(name) || name == ".":
		why = `has a part that is empty, "." or ".."`
	case strings.HasPrefix(path.Base(name), PartialName):
		why = "has the name of an unfinished download"
	}
	if why == "" {
		return nil
	}
	return fmt.Errorf("the key %q cannot be a file: it %s; nothing was written. Leave it out with --exclude %s", key, why, shellQuoted(name))
}

// shellQuoted is a word for a command line.
func shellQuoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// foldersThatAreFiles refuses a and a/b side by side, which no folder can have.
func (s *syncing) foldersThatAreFiles() error {
	for _, name := range slices.Sorted(maps.Keys(s.remote)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, both := s.remote[dir]; both {
				return fmt.Errorf("the keys %q and %q cannot both be files: one is a folder of the other; nothing was written. Leave one out with --exclude", s.prefix+dir, s.prefix+name)
			}
		}
	}
	return nil
}

// extra are the paths that the source does not have, in order.
func (s *syncing) extra() ([]string, error) {
	var extra []string
	if s.up {
		for name := range s.remote {
			if _, ok := s.local[name]; !ok && !s.leftOut(name) {
				extra = append(extra, name)
			}
		}
	} else {
		if len(s.remote) == 0 && len(s.local) > 0 {
			return nil, errors.New("there is nothing in " + s.ends.remote() + "; --delete would empty " + s.dir + ", so nothing was done")
		}
		for name := range s.local {
			if _, ok := s.remote[name]; !ok {
				extra = append(extra, name)
			}
		}
	}
	slices.Sort(extra)
	return extra, nil
}
