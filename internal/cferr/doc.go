// Package cferr is flint's one error type for what users can cause, and Cloudflare's
// REST envelope. A service returns an *Error with Cloudflare's code, HTTP status and
// sentence; its binding.go writes it as workerd expects it and its rest.go by
// WriteError in the envelope. Any other error is internal: whoever serves the request
// logs it, and the client sees Internal.
//
// The package knows no service; codes and sentences are in each service's messages.go.
package cferr
