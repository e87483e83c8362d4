package ai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"flint/internal/cferr"

	"go.yaml.in/yaml/v3"
)

// A script file holds scripted answers, tried in order before the generator:
//
//	answers:
//	  - name: big five                  # shown in the X-Flint-AI header
//	    match:
//	      model: "@cf/meta/*"           # a glob; left out, any model
//	      prompt: generate a big5       # in the last user message, case ignored
//	      pattern: "(?i)quiz.*big ?5"   # or a regular expression on it
//	      system: You are               # in the system message, case ignored
//	    text: Hello                     # one of text, json or error
//	    json: {title: A quiz}
//	    error: {code: 3040, status: 429, message: Capacity temporarily exceeded}
type script struct {
	source  string // file:name
	model   string
	prompt  string
	system  string
	pattern *regexp.Regexp
	text    string
	object  json.RawMessage
	err     *cferr.Error
}

type scriptFile struct {
	Answers []scriptAnswer `yaml:"answers"`
}

type scriptAnswer struct {
	Name  string `yaml:"name"`
	Match struct {
		Model   string `yaml:"model"`
		Prompt  string `yaml:"prompt"`
		Pattern string `yaml:"pattern"`
		System  string `yaml:"system"`
	} `yaml:"match"`
	Text  *string   `yaml:"text"`
	JSON  yaml.Node `yaml:"json"`
	Error *struct {
		Code    int    `yaml:"code"`
		Status  int    `yaml:"status"`
		Message string `yaml:"message"`
	} `yaml:"error"`
}

// readScripts reads the files of all folders, each folder in the order of its
// file names.
func readScripts(folders []string) ([]*script, error) {
	var out []*script
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("ai: scripts: %w", err)
		}
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
				continue
			}
			file, err := readScript(filepath.Join(folder, e.Name()))
			if err != nil {
				return nil, err
			}
			out = append(out, file...)
		}
	}
	return out, nil
}

func readScript(name string) ([]*script, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("ai: script: %w", err)
	}
	if info.Size() > maxScriptBytes {
		return nil, fmt.Errorf("ai: script %s has %d bytes; the most is %d", name, info.Size(), maxScriptBytes)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("ai: script: %w", err)
	}
	out, err := parseScript(filepath.Base(name), data)
	if err != nil {
		return nil, fmt.Errorf("ai: script %s: %w", name, err)
	}
	return out, nil
}

func parseScript(name string, data []byte) ([]*script, error) {
	var file scriptFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
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

func (a *scriptAnswer) compile(file string) (*script, error) {
	s := &script{
		source: file + ":" + a.Name, model: a.Match.Model,
		prompt: strings.ToLower(a.Match.Prompt), system: strings.ToLower(a.Match.System),
	}
	if a.Match.Pattern != "" {
		var err error
		if s.pattern, err = regexp.Compile(a.Match.Pattern); err != nil {
			return nil, err
		}
	}
	given := 0
	if a.Text != nil {
		s.text = *a.Text
		given++
	}
	if !a.JSON.IsZero() {
		object, err := yamlToJSON(&a.JSON)
		if err != nil {
			return nil, err
		}
		s.object, s.text = object, string(object)
		given++
	}
	if e := a.Error; e != nil {
		s.err = cferr.New(e.Status, e.Code, e.Message)
		if e.Status < 400 || e.Status > 599 {
			s.err.Status = http.StatusInternalServerError
		}
		given++
	}
	if given != 1 {
		return nil, errors.New("needs exactly one of text, json and error")
	}
	return s, nil
}

// matches reports whether a script answers req.
func (s *script) matches(req *textRequest, user, system string) bool {
	if !globMatches(s.model, req.model) {
		return false
	}
	if s.prompt != "" && !strings.Contains(strings.ToLower(user), s.prompt) {
		return false
	}
	if s.system != "" && !strings.Contains(strings.ToLower(system), s.system) {
		return false
	}
	return s.pattern == nil || s.pattern.MatchString(user)
}

// globMatches matches a model's name; * stands for any text, slashes too.
func globMatches(glob, name string) bool {
	if glob == "" {
		return true
	}
	first, rest, ok := strings.Cut(glob, "*")
	if !ok {
		return glob == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name, rest = name[at+len(part):], next
	}
}

// fromScripts is the first scripted answer that matches, or nil.
func (m *Models) fromScripts(req *textRequest) (*completion, error) {
	if len(m.scripts) == 0 {
		return nil, nil
	}
	user, system := req.last("user"), req.last("system")
	at := slices.IndexFunc(m.scripts, func(s *script) bool { return s.matches(req, user, system) })
	if at < 0 {
		return nil, nil
	}
	s := m.scripts[at]
	if s.err != nil {
		return nil, s.err
	}
	done := &completion{text: s.text, finish: finishStop, source: s.source}
	if req.format != nil {
		done.object = s.object
		if done.object == nil { // scripted as text
			if !json.Valid([]byte(s.text)) {
				return nil, errJSONMode
			}
			done.object = json.RawMessage(s.text)
		}
	}
	return done, nil
}

// yamlToJSON keeps the order of keys. A string is taken as JSON text.
func yamlToJSON(node *yaml.Node) (json.RawMessage, error) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!str" {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(node.Value)); err != nil {
			return nil, fmt.Errorf("json: line %d: %w", node.Line, err)
		}
		return b.Bytes(), nil
	}
	var b bytes.Buffer
	if err := writeYAML(&b, node, 0); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeYAML is bounded in depth and size, because aliases can make a small file
// endless.
func writeYAML(b *bytes.Buffer, node *yaml.Node, depth int) error {
	if depth > maxShapeDepth || b.Len() > maxScriptBytes {
		return fmt.Errorf("json: line %d: nested too deeply or too large", node.Line)
	}
	open, end, step := "[", "]", 1
	switch node.Kind {
	case yaml.AliasNode:
		return writeYAML(b, node.Alias, depth+1)
	case yaml.MappingNode:
		open, end, step = "{", "}", 2
	case yaml.ScalarNode:
		return writeScalar(b, node)
	}
	b.WriteString(open)
	for i := 0; i+step <= len(node.Content); i += step {
		if i > 0 {
			b.WriteByte(',')
		}
		if step == 2 {
			b.WriteString(quote(node.Content[i].Value) + ":")
		}
		if err := writeYAML(b, node.Content[i+step-1], depth+1); err != nil {
			return err
		}
	}
	b.WriteString(end)
	return nil
}

func writeScalar(b *bytes.Buffer, node *yaml.Node) error {
	var value any
	if err := node.Decode(&value); err != nil {
		return err
	}
	text, err := encodeJSON(value)
	if err != nil {
		return fmt.Errorf("json: line %d: %w", node.Line, err)
	}
	b.Write(text)
	return nil
}
