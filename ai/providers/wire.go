package providers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"

	"flint/ai/inference"
)

// HeaderSource is the response header that tells where an answer came from:
// generator, recording, backend, or a script's file and name.
const HeaderSource = "X-Flint-AI"

// Send writes an answer; an event stream is flushed frame by frame.
func Send(ctx context.Context, a *inference.Answer, w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", a.ContentType)
	h.Set(HeaderSource, a.Source)
	if a.Stream == nil {
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
		_, _ = w.Write(a.Body) // an error means that the client has disconnected
		return
	}
	h.Set("Cache-Control", "no-cache")
	flush := http.NewResponseController(w)
	if a.Pace != nil && flush.Flush() != nil { // the client gets the headers before the first token
		return
	}
	for frame := range a.Stream {
		if a.Pace.Wait() != nil {
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

// ReadBody reads a request body of at most MaxInput bytes.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, inference.MaxInputBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, inference.ErrTooLarge
	}
	if err != nil {
		return nil, inference.Incomplete("the body ended early")
	}
	return body, nil
}

// RequestID is a new random UUID, as Cloudflare's APIs put it into headers.
func RequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// namedEvent frames v as a server-sent event with a name.
func namedEvent(name string, v any) []byte {
	return append([]byte("event: "+name+"\n"), inference.Event(v)...)
}

// sender sends one event and reports whether the client still listens.
type sender func(name string, v map[string]any) bool
