// Package inference is what all parts of Workers AI speak of: the catalogue of
// models and the inputs that each takes, a request for text and what completes
// it, answers and their streams, tokens, limits, and the errors in Cloudflare's
// words. It answers nothing itself.
//
// https://developers.cloudflare.com/workers-ai/models/
package inference
