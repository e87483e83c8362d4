// Package inference is the vocabulary that all parts of Workers AI share: a
// call's inputs (Fields), a text generation (TextRequest) and its result
// (Completion), a checked call of another task (Job), and the Answer that is
// sent.
//
// It holds the catalogue of models (catalogue.yaml) and the schemas of their
// inputs (inputs.yaml), and checks inputs against them in the words of
// Cloudflare's validator. Limits stand in limits.go, error codes and sentences
// in messages.go.
//
// It answers nothing, serves no HTTP and imports no other package of ai.
package inference
