package inference

import (
	"net/http"

	"flint/internal/cferr"
)

// Codes of Workers AI errors.
// https://developers.cloudflare.com/workers-ai/platform/errors/
const (
	CodeIncomplete  = 3003
	codeTooLarge    = 3006
	CodeBadInput    = 5006
	CodeNoSuchModel = 5007
	codeJSONMode    = 5024
	CodeInvalidData = 5004
	CodeNoScript    = 10404 // flint's own: strict mode
	CodeBackend     = 10502 // flint's own: the backend does not answer
)

// DocumentedErrors are the errors of Workers AI by code: a script names one by
// its code alone.
var DocumentedErrors = map[int]struct {
	Status  int
	Message string
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

// NotServedSocket names what a request with Upgrade asks for.
const NotServedSocket = "WebSocket models of Workers AI (the websocket option)"

// Errors with one text for every model. ErrTooLarge is inputs of more than MaxInput
// bytes, ErrJSONMode an answer that is not the JSON that was asked for.
var (
	ErrTooLarge = cferr.New(http.StatusRequestEntityTooLarge, codeTooLarge, "Request is too large")
	ErrJSONMode = cferr.New(http.StatusBadRequest, codeJSONMode, "JSON Mode couldn't be met")

	errNoLoRA     = cferr.New(http.StatusMethodNotAllowed, 5005, "The model does not support LoRA inference")
	errJSONStream = BadInput("JSON Mode doesn't support streaming")
)

// ScriptedText is the message of a scripted error that has neither a documented
// code nor a message of its own.
func ScriptedText(status int) string {
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

// BadInput is error 5006: an input that Cloudflare's validator refuses, in its words.
func BadInput(message string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, CodeBadInput, "Error: "+message)
}

// InvalidData is error 5004: an input that cannot be decoded, such as broken base64.
func InvalidData(what string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, CodeInvalidData, "Invalid data: "+what)
}

// Incomplete is a request without a header or a body that it needs.
func Incomplete(what string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, CodeIncomplete, "Request is missing headers or body: "+what)
}

func noSuchModel(name, nearest string) *cferr.Error {
	text := "No such model " + name + " or task"
	if nearest != "" {
		text += " (did you mean " + nearest + "?)"
	}
	return cferr.New(http.StatusBadRequest, CodeNoSuchModel, text)
}
