package answers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"path/filepath"
	"strings"

	"flint/ai/inference"
	"flint/ai/media"
	"flint/internal/cferr"
)

// FromScripts is the first scripted answer that matches, or nil.
func (src *Sources) FromScripts(req *inference.TextRequest) (*inference.Completion, error) {
	if len(src.scripts.folders) == 0 {
		return nil, nil
	}
	s := src.scripts.find(QueryOf(req))
	if s == nil {
		return nil, nil
	}
	if err := src.applyDelayAndError(req.Context(), s); err != nil {
		return nil, err
	}
	done := &inference.Completion{Text: s.text, FinishReason: inference.FinishStop, Source: s.source, Calls: s.calls, ScriptedPieces: s.stream}
	if s.calls != nil {
		done.FinishReason = inference.FinishTools
		return done, nil
	}
	if s.path != "" {
		data, err := readBounded(s.path, inference.MaxAnswerFileBytes)
		if err != nil {
			return nil, unreadableFile(s, err)
		}
		done.Text = string(data)
	}
	if req.Format == nil {
		return done, nil
	}
	done.Object = s.object
	if done.Object == nil { // scripted as text
		if !json.Valid([]byte(done.Text)) {
			return nil, inference.ErrJSONMode
		}
		done.Object = json.RawMessage(done.Text)
	}
	return done, nil
}

// applyDelayAndError waits for the script's delay and returns its error, if it has one.
func (src *Sources) applyDelayAndError(ctx context.Context, s *script) error {
	if s.delay > 0 {
		if err := inference.Wait(ctx, src.clock, s.delay); err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	return nil
}

func unreadableFile(s *script, err error) *cferr.Error {
	return cferr.Newf(http.StatusInternalServerError, inference.CodeNoScript, "the file of the script %s cannot be read: %v", s.source, err)
}

// TaskFromScripts is the scripted answer of a task other than text generation, or nil.
func (src *Sources) TaskFromScripts(ctx context.Context, known *inference.Model, q *Query) (*inference.Answer, error) {
	if len(src.scripts.folders) == 0 {
		return nil, nil
	}
	s := src.scripts.find(q)
	if s == nil {
		return nil, nil
	}
	if err := src.applyDelayAndError(ctx, s); err != nil {
		return nil, err
	}
	switch s.kind {
	case "json":
		return &inference.Answer{ContentType: inference.ContentJSON, Body: s.object, Source: s.source}, nil
	case "text":
		if v := textResult(known, s.text); v != nil {
			return inference.JSONAnswer(v, inference.Usage{}, s.source)
		}
	case "file":
		return fileResult(known, s)
	}
	return nil, cferr.Newf(http.StatusInternalServerError, inference.CodeNoScript,
		"the script %s answers %s with %s, which its task (%s) does not have; use json or file", s.source, known.Name, s.kind, known.Task)
}

// textResult is the answer of a task whose answer is, in the main, one text.
func textResult(known *inference.Model, text string) any {
	switch known.Shape {
	case inference.ShapeTranslation:
		return map[string]string{"translated_text": text}
	case inference.ShapeSummary:
		return map[string]string{"summary": text}
	case inference.ShapeDescription:
		return map[string]string{"description": text}
	case inference.ShapeTranscript, inference.ShapeTranscriptLong, inference.ShapeDeepgram:
		return media.TranscriptAnswer(known.Shape, media.SpokenTranscript(text), "en")
	}
	return nil
}

// fileResult answers with a file: as it is, or in base64 where the model does so.
func fileResult(known *inference.Model, s *script) (*inference.Answer, error) {
	data, err := readBounded(s.path, inference.MaxAnswerFileBytes)
	if err != nil {
		return nil, unreadableFile(s, err)
	}
	ext := strings.ToLower(filepath.Ext(s.path))
	switch {
	case ext == ".json":
		if !json.Valid(data) {
			return nil, cferr.Newf(http.StatusInternalServerError, inference.CodeNoScript, "the file of the script %s is not JSON", s.source)
		}
		return &inference.Answer{ContentType: inference.ContentJSON, Body: data, Source: s.source}, nil
	case known.Shape == inference.ShapeBase64:
		return inference.JSONAnswer(map[string]string{"image": base64.StdEncoding.EncodeToString(data)}, inference.Usage{}, s.source)
	case known.Shape == inference.ShapeSpeech:
		return inference.JSONAnswer(map[string]string{"audio": base64.StdEncoding.EncodeToString(data)}, inference.Usage{}, s.source)
	}
	if v := textResult(known, string(data)); v != nil {
		return inference.JSONAnswer(v, inference.Usage{}, s.source)
	}
	kind := mime.TypeByExtension(ext)
	if kind == "" {
		kind = http.DetectContentType(data)
	}
	return &inference.Answer{ContentType: kind, Body: data, Source: s.source}, nil
}
