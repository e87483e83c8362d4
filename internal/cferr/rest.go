package cferr

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// Info is the pagination of a REST answer: its result_info.
type Info map[string]any

type envelopeMessage struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type envelope struct {
	Result   any               `json:"result"`
	Success  bool              `json:"success"`
	Errors   []envelopeMessage `json:"errors"`
	Messages []envelopeMessage `json:"messages"`
	Info     Info              `json:"result_info,omitempty"`
}

// WriteResult answers a REST call with status 200 and result in Cloudflare's envelope.
// info may be nil.
// https://developers.cloudflare.com/fundamentals/api/reference/
func WriteResult(w http.ResponseWriter, result any, info Info) {
	write(w, http.StatusOK, envelope{Result: result, Success: true, Info: info})
}

// WriteError answers a REST call with From(err) in Cloudflare's envelope.
func WriteError(w http.ResponseWriter, err error) {
	e := From(err)
	write(w, e.Status, envelope{Errors: []envelopeMessage{{e.Code, e.Message}}})
}

func write(w http.ResponseWriter, status int, body envelope) {
	if body.Errors == nil {
		body.Errors = []envelopeMessage{}
	}
	body.Messages = []envelopeMessage{}
	var buf bytes.Buffer // encoded before anything is sent, because it may fail
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		write(w, Internal.Status, envelope{Errors: []envelopeMessage{{Internal.Code, Internal.Message}}})
		return
	}
	if status < 200 || status > 999 { // net/http panics, or treats it as an interim response
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // fails only when the client has disconnected
}
