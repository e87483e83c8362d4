package answers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"flint/ai/inference"
	"flint/internal/clock"
	"flint/internal/redact"
)

// recordings are answers of a backend, one YAML file each: a person can read,
// edit, delete and commit them. A file's name follows from the model and the
// inputs, so that the same call finds it again.
type recordings struct {
	dir         string // empty has none
	isRecording bool   // write what the backend answers
	clock       clock.Clock
}

// recording is one file.
type recording struct {
	Model    string          `yaml:"model"`
	Recorded string          `yaml:"recorded"` // when
	Inputs   map[string]any  `yaml:"asked"`    // for a person who reads the file, with secrets blanked out
	Text     string          `yaml:"text,omitempty"`
	JSON     string          `yaml:"json,omitempty"` // a whole answer, for embeddings
	Calls    []recordedCall  `yaml:"tool_calls,omitempty"`
	Finish   string          `yaml:"finish_reason,omitempty"`
	Usage    inference.Usage `yaml:"usage"`
	source   string          // the file's name
}

type recordedCall struct {
	Name      string `yaml:"name"`
	Arguments string `yaml:"arguments"`
}

// ignoredInputs do not change what a model answers.
var ignoredInputs = map[string]bool{"stream": true, "stream_options": true, "user": true, "metadata": true, "model": true}

// recordingKey is the name of a call's file, without its ending.
func recordingKey(model string, in inference.Fields) string {
	h := sha256.New()
	h.Write([]byte(model + "\x00" + string(canonicalInputs(in))))
	return fileNameOf(model[strings.LastIndexByte(model, '/')+1:]) + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// canonicalInputs is the inputs as JSON with sorted keys, without the ignored ones.
func canonicalInputs(in inference.Fields) []byte {
	kept := map[string]any{}
	for name, raw := range in {
		var v any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if !ignoredInputs[name] && dec.Decode(&v) == nil {
			kept[name] = v
		}
	}
	data, err := inference.EncodeJSON(kept)
	if err != nil {
		return nil
	}
	return data
}

func fileNameOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
}

// secretAssignment matches a secret in prose or code: password = hunter2.
var secretAssignment = regexp.MustCompile(`(?i)(\b(?:api[_-]?key|secret|password|token)["']?\s*[:=]\s*["']?)[^\s"',\[][^\s"',]{5,}`)

func redactSecrets(text string) string {
	return secretAssignment.ReplaceAllString(redact.Text(text), "${1}"+redact.Mark)
}

// redactedInputs are the inputs for a person who reads the file, without secrets.
func redactedInputs(in inference.Fields) map[string]any {
	out := map[string]any{}
	if err := json.Unmarshal([]byte(redactSecrets(string(canonicalInputs(in)))), &out); err != nil {
		return map[string]any{"unreadable": "a secret was blanked out in a place that broke the JSON"}
	}
	return out
}

// find is the recording of a call, or nil.
func (r *recordings) find(key string) (*recording, error) {
	if r.dir == "" {
		return nil, nil
	}
	name := filepath.Join(r.dir, key+".yaml")
	data, err := readBounded(name, inference.MaxRecordingBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ai: recorded answer: %w", err)
	}
	rec := &recording{source: inference.SourceRecording + " " + key + ".yaml"}
	if err := yaml.Unmarshal(data, rec); err != nil {
		return nil, fmt.Errorf("ai: recorded answer %s: %w", name, err)
	}
	return rec, nil
}

// save writes a file as a whole or not at all.
func (r *recordings) save(key string, rec *recording) error {
	if !r.isRecording || r.dir == "" {
		return nil
	}
	rec.Recorded = r.clock.Now().UTC().Format("2006-01-02T15:04:05Z")
	rec.Text = redactSecrets(rec.Text)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(rec); err != nil {
		return err
	}
	if b.Len() > inference.MaxRecordingBytes {
		return fmt.Errorf("%s has %d bytes; the most is %d", key, b.Len(), inference.MaxRecordingBytes)
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(r.dir, ".recording-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b.Bytes())
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(r.dir, key+".yaml"))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// completionKey is the recording's name for a text generation. A prompt has the
// name of the same text as a message.
func completionKey(r *inference.TextRequest) string {
	in := inference.Fields{}
	for name, raw := range r.Inputs {
		in[name] = raw
	}
	if turns, err := inference.EncodeJSON(messagesOf(r)); err == nil {
		delete(in, "prompt")
		in["messages"] = turns
	}
	return recordingKey(r.Model, in)
}

// FromRecordings is the recorded answer to req, nil if there is none.
func (src *Sources) FromRecordings(req *inference.TextRequest) (*inference.Completion, error) {
	if src.recordings.dir == "" {
		return nil, nil
	}
	rec, err := src.recordings.find(completionKey(req))
	if rec == nil || err != nil {
		return nil, err
	}
	done := &inference.Completion{Text: rec.Text, FinishReason: rec.Finish, Usage: rec.Usage, Source: rec.source}
	for _, c := range rec.Calls {
		done.Calls = append(done.Calls, inference.ToolCall{Name: c.Name, Arguments: json.RawMessage(c.Arguments)})
	}
	finishCompletion(done, rec.Finish, nil)
	if req.Format != nil {
		if !json.Valid([]byte(done.Text)) {
			return nil, inference.ErrJSONMode
		}
		done.Object = json.RawMessage(done.Text)
	}
	return done, nil
}

// recordCompletion saves what the backend answered. A failure is only logged,
// because the caller's answer does not depend on it.
func (src *Sources) recordCompletion(req *inference.TextRequest, done *inference.Completion) {
	if !src.recordings.isRecording {
		return
	}
	in := inference.Fields{}
	for name, raw := range req.Inputs {
		in[name] = raw
	}
	if !in.Has("prompt") && !in.Has("messages") {
		in["messages"], _ = inference.EncodeJSON(messagesOf(req)) // turns always encode
	}
	rec := &recording{Model: req.Model, Inputs: redactedInputs(in), Text: done.Text, Finish: done.FinishReason, Usage: done.Usage}
	for _, c := range done.Calls {
		rec.Calls = append(rec.Calls, recordedCall{c.Name, redactSecrets(string(c.Arguments))})
	}
	if err := src.recordings.save(completionKey(req), rec); err != nil {
		src.log.Error("ai: an answer could not be recorded", "error", err)
	}
}

func (r *recording) embedding() (*inference.Answer, error) {
	if !json.Valid([]byte(r.JSON)) {
		return nil, fmt.Errorf("ai: %s holds no JSON answer", r.source)
	}
	return &inference.Answer{ContentType: inference.ContentJSON, Body: []byte(r.JSON), Usage: r.Usage, Source: r.source}, nil
}
