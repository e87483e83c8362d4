package cferr

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// Info is the pagination part of a REST answer (result_info).
type Info map[string]any

type message struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type envelope struct {
	Result   any       `json:"result"`
	Success  bool      `json:"success"`
	Errors   []message `json:"errors"`
	Messages []message `json:"messages"`
	Info     Info      `json:"result_info,omitempty"`
}

// WriteResult answers a REST call with Cloudflare's envelope.
// https://developers.cloudflare.com/fundamentals/api/reference/
func WriteResult(w http.ResponseWriter, result any, info Info) {
	write(w, http.StatusOK, envelope{Result: result, Success: true, Info: info})
}

// WriteError answers a REST call with err in Cloudflare's envelope.
func WriteError(w http.ResponseWriter, err error) {
	e := From(err)
	write(w, e.Status, envelope{Errors: []message{{e.Code, e.Message}}})
}

func write(w http.ResponseWriter, status int, body envelope) {
	if body.Errors == nil {
		body.Errors = []message{}
	}
	body.Messages = []message{}
	var buf bytes.Buffer // first, so that a result that cannot be encoded is no half answer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		write(w, Internal.Status, envelope{Errors: []message{{Internal.Code, Internal.Message}}})
		return
	}
	if status < 200 || status > 999 { // net/http would panic, or go on waiting
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the client is gone: nobody is left to tell
}
