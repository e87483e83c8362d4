package ai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"path/filepath"
	"strings"

	"flint/internal/cferr"
)

// fromScripts is the first scripted answer that matches, or nil.
func (m *Models) fromScripts(req *textRequest) (*completion, error) {
	if len(m.scripts.folders) == 0 {
		return nil, nil
	}
	s := m.scripts.find(req.asked())
	if s == nil {
		return nil, nil
	}
	if err := m.delayed(req.context(), s); err != nil {
		return nil, err
	}
	done := &completion{text: s.text, finish: finishStop, source: s.source, calls: s.calls, scripts: s.stream}
	if s.calls != nil {
		done.finish = finishTools
		return done, nil
	}
	if s.path != "" {
		data, err := readBounded(s.path, maxAnswerFile)
		if err != nil {
			return nil, unreadable(s, err)
		}
		done.text = string(data)
	}
	if req.format == nil {
		return done, nil
	}
	done.object = s.object
	if done.object == nil { // scripted as text
		if !json.Valid([]byte(done.text)) {
			return nil, errJSONMode
		}
		done.object = json.RawMessage(done.text)
	}
	return done, nil
}

// delayed waits as the script says, and gives the error that it scripts.
func (m *Models) delayed(ctx context.Context, s *script) error {
	if s.delay > 0 {
		if err := wait(ctx, m.clock, s.delay); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

func unreadable(s *script, err error) *cferr.Error {
	return cferr.Newf(http.StatusInternalServerError, codeNoScript, "the file of the script %s cannot be read: %v", s.source, err)
}

// scriptTask is the scripted answer of a task other than text generation, or nil.
func (m *Models) scriptTask(ctx context.Context, known *Model, q *asked) (*Answer, error) {
	if len(m.scripts.folders) == 0 {
		return nil, nil
	}
	s := m.scripts.find(q)
	if s == nil {
		return nil, nil
	}
	if err := m.delayed(ctx, s); err != nil {
		return nil, err
	}
	switch s.kind {
	case "json":
		return &Answer{ContentType: contentJSON, Body: s.object, Source: s.source}, nil
	case "text":
		if v := textResult(known, s.text); v != nil {
			return jsonAnswer(v, Usage{}, s.source)
		}
	case "file":
		return fileResult(known, s)
	}
	return nil, cferr.Newf(http.StatusInternalServerError, codeNoScript,
		"the script %s answers %s with %s, which its task (%s) does not have; use json or file", s.source, known.Name, s.kind, known.Task)
}

// textResult is the answer of a task whose answer is, in the main, one text.
func textResult(known *Model, text string) any {
	switch known.Shape {
	case shapeTranslation:
		return map[string]string{"translated_text": text}
	case shapeSummary:
		return map[string]string{"summary": text}
	case shapeDescription:
		return map[string]string{"description": text}
	case shapeTranscript, shapeTranscriptLong, shapeDeepgram:
		return transcriptOf(known.Shape, spokenText(text), "en")
	}
	return nil
}

// fileResult answers with a file: as it is, or in base64 where the model does so.
func fileResult(known *Model, s *script) (*Answer, error) {
	data, err := readBounded(s.path, maxAnswerFile)
	if err != nil {
		return nil, unreadable(s, err)
	}
	ext := strings.ToLower(filepath.Ext(s.path))
	switch {
	case ext == ".json":
		if !json.Valid(data) {
			return nil, cferr.Newf(http.StatusInternalServerError, codeNoScript, "the file of the script %s is not JSON", s.source)
		}
		return &Answer{ContentType: contentJSON, Body: data, Source: s.source}, nil
	case known.Shape == shapeBase64:
		return jsonAnswer(map[string]string{"image": base64.StdEncoding.EncodeToString(data)}, Usage{}, s.source)
	case known.Shape == shapeSpeech:
		return jsonAnswer(map[string]string{"audio": base64.StdEncoding.EncodeToString(data)}, Usage{}, s.source)
	}
	if v := textResult(known, string(data)); v != nil {
		return jsonAnswer(v, Usage{}, s.source)
	}
	kind := mime.TypeByExtension(ext)
	if kind == "" {
		kind = http.DetectContentType(data)
	}
	return &Answer{ContentType: kind, Body: data, Source: s.source}, nil
}
