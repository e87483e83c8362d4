package outbound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"flint/internal/yamlfile"
)

// mockSet is all mocks: those of flint.toml, then those of the files, each
// folder in the order of its file names. A file is read again when it changed.
type mockSet struct {
	paths  []string // files and folders
	inline []*mock
	log    *slog.Logger

	mu    sync.Mutex
	files map[string]*mockFile
	order []string // names of files, in the order in which they are asked
}

// mockFile is one file as it was last read.
type mockFile struct {
	size  int64
	mod   time.Time
	mocks []*mock
}

// newMockSet reads everything. inline are mocks as JSON; file is where they
// stand. With keep, files that did not change keep their counts.
func newMockSet(paths []string, inline []json.RawMessage, file string, log *slog.Logger, keep *mockSet) (*mockSet, error) {
	s := &mockSet{paths: paths, log: log, files: map[string]*mockFile{}}
	if keep != nil {
		keep.mu.Lock()
		for name, f := range keep.files {
			s.files[name] = f
		}
		keep.mu.Unlock()
	}
	for i, text := range inline {
		var spec mockSpec
		err := yamlfile.Decode(text, &spec)
		if err == nil {
			var m *mock
			if m, err = spec.compile(filepath.Base(file), filepath.Dir(file), i+1); err == nil {
				s.inline = append(s.inline, m)
			}
		}
		if err != nil {
			// the one line of the JSON is not that of the file
			return nil, fmt.Errorf("%s: outbound.mocks[%d]: %s", file, i, strings.ReplaceAll(err.Error(), "line 1: ", ""))
		}
	}
	return s, s.refresh(true)
}

// refresh reads what was saved since the last time. Unless strict, a file that
// cannot be read keeps its last good mocks and the log says why.
func (s *mockSet) refresh(strict bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, err := s.list()
	if err != nil {
		if strict {
			return err
		}
		s.log.Error("outbound: the mocks cannot be read; the last good ones stay in use", "error", err)
		return nil
	}
	for _, name := range names {
		if err := s.read(name); err != nil {
			if strict {
				return err
			}
			s.log.Error("outbound: a file of mocks has an error; its last good mocks stay in use", "error", err)
		}
	}
	for name := range s.files {
		if !slices.Contains(names, name) {
			delete(s.files, name)
		}
	}
	s.order = names
	return nil
}

// list finds the files, without reading them.
func (s *mockSet) list() ([]string, error) {
	var names []string
	for _, path := range s.paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("outbound.mocks: cannot read %s: %w", path, pathErrorCause(err))
		}
		if !info.IsDir() {
			names = append(names, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && isYAML(name) {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("outbound.mocks: %w", err)
		}
	}
	if len(names) > maxMockFiles {
		return nil, fmt.Errorf("outbound.mocks: %d files; the most is %d", len(names), maxMockFiles)
	}
	return names, nil
}

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// read parses a file unless it is as it was. A file with an error is not
// looked at again before it changes.
func (s *mockSet) read(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("outbound.mocks: %w", err)
	}
	was := s.files[name]
	if was != nil && was.size == info.Size() && was.mod.Equal(info.ModTime()) {
		return nil
	}
	f := &mockFile{size: info.Size(), mod: info.ModTime()}
	if was != nil {
		f.mocks = was.mocks
	}
	s.files[name] = f
	if info.Size() > maxMockFile {
		return fmt.Errorf("outbound: %s has %d bytes; the most is %d", name, info.Size(), maxMockFile)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("outbound.mocks: %w", err)
	}
	mocks, err := parseMocks(name, data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f.mocks = mocks
	return nil
}

// parseMocks reads one file: {mocks: [ … ]}.
func parseMocks(name string, data []byte) ([]*mock, error) {
	var file struct {
		Mocks []mockSpec `yaml:"mocks"`
	}
	if err := yamlfile.Decode(data, &file); err != nil {
		return nil, err
	}
	if len(file.Mocks) > maxMocks {
		return nil, fmt.Errorf("%d mocks; the most is %d", len(file.Mocks), maxMocks)
	}
	out := make([]*mock, 0, len(file.Mocks))
	for i := range file.Mocks {
		m, err := file.Mocks[i].compile(filepath.Base(name), filepath.Dir(name), i+1)
		if err != nil {
			return nil, fmt.Errorf("mocks[%d]: %w", i, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *mockSet) all() []*mock {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.inline)
	for _, name := range s.order {
		if f := s.files[name]; f != nil {
			out = append(out, f.mocks...)
		}
	}
	return out
}

// find is the mock that answers a request, or nil. The body is read only when
// a mock that fits otherwise looks at it, and is put back.
func (s *mockSet) find(to target, r *http.Request, worker string) *mock {
	if len(s.paths) == 0 && len(s.inline) == 0 {
		return nil
	}
	_ = s.refresh(false) // says itself what is wrong
	query := lenientQuery(r.URL.RawQuery)
	var fitting []*mock
	wantsBody := false
	for _, m := range s.all() {
		if m.match.head(to, r, worker, query) == "" {
			fitting = append(fitting, m)
			wantsBody = wantsBody || m.match.wantsBody()
		}
	}
	var body []byte
	var doc any
	whole, isJSON := true, false
	if wantsBody {
		body, whole = peekBody(r)
		doc, isJSON = decodeJSON(body)
	}
	var found *mock
	for _, m := range fitting {
		if m.match.wantsBody() && !(whole && m.match.content(body, doc, isJSON)) {
			continue
		}
		seen := m.matchCount.Add(1)
		if found == nil && (m.nth == 0 || m.nth == seen) && m.claimAnswer() {
			found = m
		}
	}
	return found
}

// claimAnswer counts an answer, unless the mock has given all of its own.
func (m *mock) claimAnswer() bool {
	for {
		used := m.answerCount.Load()
		if m.times > 0 && used >= m.times {
			return false
		}
		if m.answerCount.CompareAndSwap(used, used+1) {
			return true
		}
	}
}

// peekBody reads a body and puts it back; whole is false for one that is too
// large to look at.
func peekBody(r *http.Request) (body []byte, whole bool) {
	if r.Body == nil {
		return nil, true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxMatchBody+1))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	return body, err == nil && len(body) <= maxMatchBody
}

// lenientQuery takes what can be read of a query.
func lenientQuery(raw string) url.Values {
	out := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		out.Add(unescaped(name), unescaped(value))
	}
	return out
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// MockReport tells how often a mock answered.
type MockReport struct {
	Name string `json:"name"`
	File string `json:"file"` // the file it stands in
	Host string `json:"host"`
	Used int64  `json:"used"`
}

// Mocks lists the mocks in the order in which they are asked.
func (g *Gate) Mocks() []MockReport {
	set := g.rules.Load().mocks
	_ = set.refresh(false) // says itself what is wrong
	out := []MockReport{}
	for _, m := range set.all() {
		out = append(out, MockReport{m.name, m.source, m.match.host, m.answerCount.Load()})
	}
	return out
}
