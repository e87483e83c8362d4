package answers

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flint/ai/inference"
	"flint/internal/clock"
	"flint/internal/yamlfile"
)

// scripts are the scripted answers of a project. A file that was saved counts
// from the next call on: a call checks the folders when the last check is older
// than checkInterval, so that nothing runs in the background.
type scripts struct {
	folders       []string
	log           *slog.Logger
	checkInterval time.Duration // between two checks of the folders
	set           atomic.Pointer[scriptSet]
	reloading     sync.Mutex
}

// scriptSet is what one check of the folders found.
type scriptSet struct {
	list        []*script
	fingerprint string // names, sizes and modification times of all files
	loadErr     error  // why the files could not be read; list is then the last one that could
	sinceCheck  clock.Stopwatch
}

func openScripts(folders []string, log *slog.Logger) (*scripts, error) {
	s := &scripts{folders: folders, log: log, checkInterval: inference.ScriptCheckInterval}
	list, err := readScripts(folders)
	if err != nil {
		return nil, err
	}
	s.set.Store(&scriptSet{list: list, fingerprint: folderFingerprint(folders), sinceCheck: clock.StartStopwatch()})
	return s, nil
}

// current is the set as it is on disk, at most checkInterval old.
func (s *scripts) current() *scriptSet {
	set := s.set.Load()
	if len(s.folders) == 0 || set.sinceCheck.Elapsed() < s.checkInterval || !s.reloading.TryLock() {
		return set
	}
	defer s.reloading.Unlock()
	next := &scriptSet{list: set.list, fingerprint: folderFingerprint(s.folders), loadErr: set.loadErr, sinceCheck: clock.StartStopwatch()}
	if next.fingerprint != set.fingerprint {
		list, err := readScripts(s.folders)
		if next.loadErr = err; err == nil {
			next.list = list
			s.log.Info("ai: scripts reloaded", "answers", len(list))
		} else {
			s.log.Error("ai: the scripts as they were stay in use", "error", err)
		}
	}
	s.set.Store(next)
	return next
}

// folderFingerprint changes when a script is saved, added or removed.
func folderFingerprint(folders []string) string {
	var b strings.Builder
	for _, folder := range folders {
		for _, name := range scriptNames(folder) {
			if info, err := os.Stat(name); err == nil {
				b.WriteString(name)
				b.WriteString(strconv.FormatInt(info.Size(), 36))
				b.WriteString(strconv.FormatInt(info.ModTime().UnixNano(), 36))
			}
		}
	}
	return b.String()
}

// scriptNames are the files of a folder in the order of their names.
func scriptNames(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			out = append(out, filepath.Join(folder, e.Name()))
		}
	}
	return out
}

// readScripts reads the files of all folders, each folder in the order of its
// file names.
func readScripts(folders []string) ([]*script, error) {
	var out []*script
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("ai.scripts: there is no folder %s", folder)
		}
		for _, name := range scriptNames(folder) {
			file, err := readScript(name)
			if err != nil {
				return nil, err
			}
			out = append(out, file...)
		}
	}
	return out, nil
}

func readScript(name string) ([]*script, error) {
	data, err := readBounded(name, inference.MaxScriptBytes)
	if err != nil {
		return nil, fmt.Errorf("ai.scripts: %w", err)
	}
	out, err := parseScript(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// readBounded reads a file of at most maxBytes bytes.
func readBounded(name string, maxBytes int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBytes {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%d bytes; the most is %d", info.Size(), maxBytes)}
	}
	return io.ReadAll(io.LimitReader(f, maxBytes))
}

func parseScript(name string, data []byte) ([]*script, error) {
	var file scriptFile
	if err := yamlfile.Decode(data, &file); err != nil {
		return nil, err
	}
	var out []*script
	for i, a := range file.Answers {
		if a.Name == "" {
			a.Name = strconv.Itoa(i + 1)
		}
		s, err := a.compile(name)
		if err != nil {
			return nil, fmt.Errorf("answer %s: %w", a.Name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// find is the first script that answers q, or nil. Scripts that answer only
// their n-th match count this call, even if another one answers it.
func (s *scripts) find(q *Query) *script {
	var found *script
	for _, one := range s.current().list {
		if (found == nil || one.nthMatch != 0) && one.matches(q) && one.countMatch() && found == nil {
			found = one
		}
	}
	if found != nil {
		found.answerCount.Add(1)
	}
	return found
}
