package answers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// script is one scripted answer: when it answers, and with what. docs/AI.md
// shows the files they are read from.
type script struct {
	source      string // file:name, as the X-Flint-AI header shows it
	file        string // the path of the file it stands in
	line        int
	checks      []check
	nthMatch    int64        // answers only the n-th match, from 1; 0 answers all
	matchCount  atomic.Int64 // calls that met all checks
	answerCount atomic.Int64 // answers given
	reply
}

// reply is what a script answers with: exactly one of text, object, stream,
// path, calls and err is set.
type reply struct {
	kind   string // the key it was written under
	text   string
	object json.RawMessage
	stream []string
	path   string // of a file, absolute or relative to the process
	calls  []inference.ToolCall
	err    *cferr.Error
	delay  time.Duration
}

type scriptFile struct {
	Answers []scriptAnswer `yaml:"answers"`
}

type scriptAnswer struct {
	Name      string      `yaml:"name"`
	Match     scriptMatch `yaml:"match"`
	Text      *string     `yaml:"text"`
	JSON      yaml.Node   `yaml:"json"`
	Stream    []string    `yaml:"stream"`
	File      string      `yaml:"file"`
	ToolCalls []struct {
		Name      string    `yaml:"name"`
		Arguments yaml.Node `yaml:"arguments"`
	} `yaml:"tool_calls"`
	Error *struct {
		Code    int    `yaml:"code"`
		Status  int    `yaml:"status"`
		Message string `yaml:"message"`
	} `yaml:"error"`
	Delay string `yaml:"delay"`
	line  int
}

type scriptMatch struct {
	Model    string          `yaml:"model"`
	Task     string          `yaml:"task"`
	Prompt   string          `yaml:"prompt"`
	Pattern  string          `yaml:"pattern"`
	System   string          `yaml:"system"`
	Messages []scriptMessage `yaml:"messages"`
	Tools    []string        `yaml:"tools"`
	Call     int64           `yaml:"call"`
}

type scriptMessage struct {
	Role    string `yaml:"role"`
	Content string `yaml:"content"`
}

// UnmarshalYAML keeps the line on which the answer begins.
func (a *scriptAnswer) UnmarshalYAML(node *yaml.Node) error {
	type plain scriptAnswer
	if err := rejectUnknownKeys(node); err != nil {
		return err
	}
	if err := node.Decode((*plain)(a)); err != nil {
		return err
	}
	a.line = node.Line
	return nil
}

var scriptKeys = map[string]bool{
	"name": true, "match": true, "text": true, "json": true, "stream": true, "file": true, "tool_calls": true, "error": true, "delay": true,
}

var matchKeys = map[string]bool{
	"model": true, "task": true, "prompt": true, "pattern": true, "system": true, "messages": true, "tools": true, "call": true,
}

// rejectUnknownKeys is needed because the decoder's own check for unknown keys
// does not cover a type with an UnmarshalYAML of its own.
func rejectUnknownKeys(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: an answer is a map with match and text, json, …", node.Line)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if !scriptKeys[key.Value] {
			return fmt.Errorf("line %d: unknown key %s of an answer", key.Line, key.Value)
		}
		if key.Value != "match" || value.Kind != yaml.MappingNode {
			continue
		}
		for j := 0; j+1 < len(value.Content); j += 2 {
			if k := value.Content[j]; !matchKeys[k.Value] {
				return fmt.Errorf("line %d: unknown key match.%s", k.Line, k.Value)
			}
		}
	}
	return nil
}

func (a *scriptAnswer) compile(file string) (*script, error) {
	s := &script{source: filepath.Base(file) + ":" + a.Name, file: file, line: a.line, nthMatch: a.Match.Call}
	if s.nthMatch < 0 {
		return nil, errors.New("call: want the number of a call, from 1")
	}
	var err error
	if s.checks, err = a.Match.compile(); err != nil {
		return nil, err
	}
	if a.Delay != "" {
		if s.delay, err = time.ParseDuration(a.Delay); err != nil || s.delay < 0 || s.delay > inference.MaxDelay {
			return nil, fmt.Errorf("delay: %q is not a time such as 250ms or 2s, at most %s", a.Delay, inference.MaxDelay)
		}
	}
	given := 0
	for _, part := range []func(*scriptAnswer, string) (bool, error){s.readText, s.readJSON, s.readStream, s.readFile, s.readCalls, s.readError} {
		has, err := part(a, file)
		if err != nil {
			return nil, err
		}
		if has {
			given++
		}
	}
	if given != 1 {
		return nil, errors.New("needs exactly one of text, json, stream, file, tool_calls and error")
	}
	return s, nil
}

func (r *reply) readText(a *scriptAnswer, _ string) (bool, error) {
	if a.Text == nil {
		return false, nil
	}
	r.kind, r.text = "text", *a.Text
	return true, nil
}

func (r *reply) readJSON(a *scriptAnswer, _ string) (bool, error) {
	if a.JSON.IsZero() {
		return false, nil
	}
	object, err := yamlToJSON(&a.JSON)
	r.kind, r.object, r.text = "json", object, string(object)
	return true, err
}

func (r *reply) readStream(a *scriptAnswer, _ string) (bool, error) {
	if a.Stream == nil {
		return false, nil
	}
	r.kind, r.stream = "stream", a.Stream
	for _, piece := range a.Stream {
		r.text += piece
	}
	return true, nil
}

func (r *reply) readFile(a *scriptAnswer, file string) (bool, error) {
	if a.File == "" {
		return false, nil
	}
	r.kind, r.path = "file", a.File
	if !filepath.IsAbs(a.File) {
		r.path = filepath.Join(filepath.Dir(file), a.File)
	}
	return true, nil
}

func (r *reply) readCalls(a *scriptAnswer, _ string) (bool, error) {
	for _, c := range a.ToolCalls {
		arguments := json.RawMessage("{}")
		if !c.Arguments.IsZero() {
			var err error
			if arguments, err = yamlToJSON(&c.Arguments); err != nil {
				return true, err
			}
		}
		if c.Name == "" {
			return true, errors.New("tool_calls: each needs a name")
		}
		r.calls = append(r.calls, inference.ToolCall{Name: c.Name, Arguments: arguments})
	}
	if r.calls != nil {
		r.kind = "tool_calls"
	}
	return r.calls != nil, nil
}

func (r *reply) readError(a *scriptAnswer, _ string) (bool, error) {
	e := a.Error
	if e == nil {
		return false, nil
	}
	r.kind = "error"
	known, ok := inference.DocumentedErrors[e.Code]
	if !ok {
		known.Status, known.Message = http.StatusInternalServerError, inference.ScriptedText(e.Status)
	}
	r.err = cferr.New(known.Status, e.Code, known.Message)
	if e.Status >= 400 && e.Status <= 599 {
		r.err.Status = e.Status
	}
	if e.Message != "" {
		r.err.Message = e.Message
	}
	return true, nil
}

// countMatch counts a match and reports whether the script answers this one.
func (s *script) countMatch() bool {
	n := s.matchCount.Add(1)
	return s.nthMatch == 0 || n == s.nthMatch
}
