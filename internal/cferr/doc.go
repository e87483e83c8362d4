// Package cferr is flint's one error type and its mapping to Cloudflare's
// REST envelope. A service returns *Error for everything a user can cause; any
// other error is internal, is logged by whoever serves the request, and never
// shown.
package cferr
