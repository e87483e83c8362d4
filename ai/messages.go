package ai

import (
	"net/http"

	"flint/internal/cferr"
)

// Codes of Workers AI errors.
// https://developers.cloudflare.com/workers-ai/platform/errors/
const (
	codeIncomplete  = 3003
	codeTooLarge    = 3006
	codeBadInput    = 5006
	codeNoSuchModel = 5007
	codeJSONMode    = 5024
)

const (
	notServedBatch  = "the Workers AI batch API (queueRequest)"
	notServedSocket = "WebSocket models of Workers AI (the websocket option)"
	notServedLoRA   = "LoRA finetunes of Workers AI (the lora input)"
	notServedInput  = "the Responses API of Workers AI (the input field); messages and prompt are served"
)

var (
	errTooLarge   = cferr.New(http.StatusRequestEntityTooLarge, codeTooLarge, "Request is too large")
	errJSONMode   = cferr.New(http.StatusBadRequest, codeJSONMode, "JSON Mode couldn't be met")
	errJSONStream = badInput("JSON Mode doesn't support streaming")
)

// badInput is a refused input, in the words of Cloudflare's validator.
func badInput(message string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, codeBadInput, "Error: "+message)
}

func incomplete(what string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, codeIncomplete, "Request is missing headers or body: "+what)
}

func noSuchModel(name, nearest string) *cferr.Error {
	text := "No such model " + name + " or task"
	if nearest != "" {
		text += " (did you mean " + nearest + "?)"
	}
	return cferr.New(http.StatusBadRequest, codeNoSuchModel, text)
}
