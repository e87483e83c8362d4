package outbound

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"flint/internal/clock"
)

// record passes a request to its host and keeps the exchange. Both bodies
// stream as if nobody listened; what outgrows maxRecordBody passes and is not
// kept, and neither is an exchange that broke off or became a WebSocket.
func (g *Gate) record(w http.ResponseWriter, r *http.Request, to target, c *cassette) {
	sent, got := &capture{}, &capture{}
	header := r.Header.Clone()
	shown := fullURL(to, r)
	if r.Body != nil && r.ContentLength != 0 {
		r.Body = &capturedBody{r.Body, sent}
	} else {
		sent.ended = true
	}
	if r.Header.Get("Accept-Encoding") != "" {
		r.Header.Set("Accept-Encoding", "gzip") // what a cassette can show as text
	}
	watch := clock.StartStopwatch()
	rec := &recordingWriter{ResponseWriter: w, tape: got}
	g.forward(rec, r, to) // panics when either side breaks off
	body, whole, fits := sent.all(r.ContentLength)
	if !fits || got.over {
		g.log.Warn("outbound: an exchange is too large to be recorded; it passed", "url", redactURLs(shown), "limit", maxRecordBody)
		return
	}
	if !whole || rec.status < 200 || rec.failed {
		return
	}
	e := newExchange(r.Method, shown, header, body, rec, g.clock)
	e.Response.Millis = watch.Elapsed().Milliseconds()
	if err := c.add(to.host, e); err != nil {
		g.log.Error("outbound: an exchange could not be recorded", "url", redactURLs(shown), "error", err)
	}
}

func newExchange(method, shown string, header http.Header, sent []byte, rec *recordingWriter, c clock.Clock) *exchange {
	e := &exchange{}
	kind := header.Get("Content-Type")
	e.key = requestKey(method, shown, kind, sent)
	e.Request = recordedRequest{Method: method, URL: redactURLs(shown), Headers: keptHeader(header)}
	e.Request.Body, e.Request.Base64 = split(cleanBody(kind, sent))
	e.Response = recordedResponse{Status: rec.status, Time: c.Now()}
	kept := keptHeader(rec.header)
	body := rec.tape.buf.Bytes()
	if plain, ok := unpack(kept.Get("Content-Encoding"), body); ok {
		kept.Del("Content-Encoding") // so that a person can read the body
		body = plain
	}
	e.Response.Body, e.Response.Base64 = split(cleanBody(kept.Get("Content-Type"), body))
	e.Response.Headers = kept
	return e
}

// cleanBody takes secrets out of text; other bodies are kept as they are.
func cleanBody(contentType string, body []byte) []byte {
	if !utf8.Valid(body) {
		return body
	}
	return redactBody(contentType, body)
}

// unpack undoes gzip, within the bounds of a recording.
func unpack(coding string, body []byte) ([]byte, bool) {
	if !strings.EqualFold(coding, "gzip") {
		return nil, false
	}
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(zr, maxRecordBody+1))
	return plain, err == nil && len(plain) <= maxRecordBody
}

// capture keeps the first maxRecordBody bytes that pass.
type capture struct {
	mu    sync.Mutex // a host may answer while the body is still sent
	buf   bytes.Buffer
	over  bool
	ended bool
}

func (t *capture) append(p []byte, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = t.ended || ended
	if t.over || t.buf.Len()+len(p) > maxRecordBody {
		t.over = true
		t.buf = bytes.Buffer{}
		return
	}
	t.buf.Write(p)
}

// all is a copy of what passed; length is what was promised, or -1.
func (t *capture) all(length int64) (body []byte, whole, fits bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf.Bytes()), t.ended || int64(t.buf.Len()) == length, !t.over
}

type capturedBody struct {
	io.ReadCloser
	tape *capture
}

// Read implements io.Reader.
func (b *capturedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.tape.append(p[:n], errors.Is(err, io.EOF))
	return n, err
}

// recordingWriter keeps a copy of the answer that passes.
type recordingWriter struct {
	http.ResponseWriter
	tape   *capture
	header http.Header
	status int
	failed bool // flint answered for the host
}

// WriteHeader implements http.ResponseWriter.
func (w *recordingWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.status, w.header = status, w.Header().Clone()
		w.failed = w.header.Get(headerVerdict) != ""
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recordingWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.tape.append(p[:n], false)
	return n, err
}

// Unwrap lets http.ResponseController reach Flush and Hijack.
func (w *recordingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
