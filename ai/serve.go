package ai

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"flint/internal/cferr"
)

// headerSource tells where an answer came from: generator or script file:name.
const headerSource = "X-Flint-AI"

// send writes an answer; an event stream goes out frame by frame.
func (a *Answer) send(ctx context.Context, w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", a.ContentType)
	h.Set(headerSource, a.Source)
	if a.Stream == nil {
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
		_, _ = w.Write(a.Body) // the client is gone: nobody is left to tell
		return
	}
	h.Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w)
	if a.pace != nil && flush.Flush() != nil { // whoever asked has the stream before its first token
		return
	}
	for frame := range a.Stream {
		if a.pace.wait() != nil {
			return
		}
		if _, err := w.Write(frame); err != nil || ctx.Err() != nil {
			return
		}
		if flush.Flush() != nil {
			return
		}
	}
}

// readBody reads a request of at most MaxInput bytes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxInput))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, incomplete("the body ended early")
	}
	return body, nil
}

// known is err as clients see it. A foreign error is logged, for they only see
// that there was one.
func (m *Models) known(err error) *cferr.Error {
	var known *cferr.Error
	if !errors.As(err, &known) && !errors.Is(err, context.Canceled) {
		m.log.Error("ai: internal error", "error", err)
	}
	return cferr.From(err)
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// formInputs turns a form of text fields into inputs, as models that take
// multipart/form-data read it. ok is false for any other content type.
func formInputs(contentType string, body []byte) (inputs json.RawMessage, ok bool, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return nil, false, nil
	}
	form, err := multipart.NewReader(strings.NewReader(string(body)), params["boundary"]).ReadForm(MaxInput)
	if err != nil {
		return nil, true, incomplete("the form cannot be read")
	}
	defer func() { _ = form.RemoveAll() }() // everything fitted into memory
	in := map[string]json.RawMessage{}
	for name, values := range form.Value {
		in[name] = json.RawMessage(quote(values[0]))
		if _, err := strconv.ParseInt(values[0], 10, 64); err == nil && name != "prompt" {
			in[name] = json.RawMessage(values[0])
		}
	}
	inputs, err = json.Marshal(in)
	return inputs, true, err
}

// mediaField is the input that a body of bytes stands for, or empty.
func (m *Model) mediaField() string {
	switch m.Shape {
	case shapeTranscript, shapeTranscriptLong, shapeDeepgram, shapeTurn:
		return "audio"
	case shapeDescription, shapeLabels, shapeBoxes, shapePNG, shapeJPEG, shapeBase64:
		return "image"
	}
	return ""
}

// streamInputs puts a body of bytes beside the other inputs, in base64.
func streamInputs(known *Model, others, body []byte) (json.RawMessage, error) {
	field := known.mediaField()
	if field == "" {
		return nil, badInput("Type mismatch of '/', 'object' not in 'binary'")
	}
	in, err := parseFields(others)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, invalidData("/" + field + " is empty")
	}
	in[field] = json.RawMessage(`"` + base64.StdEncoding.EncodeToString(body) + `"`)
	return json.Marshal(in)
}
