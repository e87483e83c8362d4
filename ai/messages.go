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
	codeInvalidData = 5004
	codeNoScript    = 10404 // flint's own: strict mode
	codeBackend     = 10502 // flint's own: the backend does not answer
)

// documentedErrors are the errors that a script can name by their code alone.
var documentedErrors = map[int]struct {
	status  int
	message string
}{
	3003: {http.StatusBadRequest, "Request is missing headers or body"},
	3006: {http.StatusRequestEntityTooLarge, "Request is too large"},
	3007: {http.StatusRequestTimeout, "Request timeout"},
	3008: {http.StatusRequestTimeout, "Request was aborted"},
	3023: {http.StatusForbidden, "Service unavailable for account"},
	3036: {http.StatusTooManyRequests, "You have used up your daily free allocation of 10,000 neurons. Please upgrade to Cloudflare's Workers Paid plan if you would like to continue usage."},
	3039: {http.StatusBadRequest, "Finetune is missing required files (model.safetensors and config.json)"},
	3040: {http.StatusTooManyRequests, "Capacity temporarily exceeded, please try again."},
	3041: {http.StatusForbidden, "The account is not allowed to access this model"},
	3042: {http.StatusNotFound, "The model name is invalid"},
	5004: {http.StatusBadRequest, "Invalid data type for base64 input: undefined"},
	5005: {http.StatusMethodNotAllowed, "The model does not support LoRA inference"},
	5006: {http.StatusBadRequest, "Error: bad input"},
	5007: {http.StatusBadRequest, "No such model or task"},
	5016: {http.StatusForbidden, "User has not agreed to Llama3.2 model terms"},
	5018: {http.StatusForbidden, "The account is not allowed to access this model"},
	5019: {http.StatusMethodNotAllowed, "Request trying to use deprecated SDK version"},
	5024: {http.StatusBadRequest, "JSON Mode couldn't be met"},
}

const (
	notServedSocket = "WebSocket models of Workers AI (the websocket option)"
)

var (
	errNoLoRA     = cferr.New(http.StatusMethodNotAllowed, 5005, "The model does not support LoRA inference")
	errTooLarge   = cferr.New(http.StatusRequestEntityTooLarge, codeTooLarge, "Request is too large")
	errJSONMode   = cferr.New(http.StatusBadRequest, codeJSONMode, "JSON Mode couldn't be met")
	errJSONStream = badInput("JSON Mode doesn't support streaming")
)

// scriptedText is the message of a scripted error that names neither a
// documented code nor a message of its own.
func scriptedText(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Invalid API key (scripted)"
	case http.StatusPaymentRequired:
		return "Insufficient balance (scripted)"
	case http.StatusTooManyRequests:
		return "Rate limit reached, please try again later (scripted)"
	}
	if text := http.StatusText(status); text != "" {
		return text + " (scripted)"
	}
	return "scripted error"
}

// badInput is a refused input, in the words of Cloudflare's validator.
func badInput(message string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, codeBadInput, "Error: "+message)
}

// invalidData is an input that cannot be what it should be, such as broken base64.
func invalidData(what string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, codeInvalidData, "Invalid data: "+what)
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
