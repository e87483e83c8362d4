// Package generate makes answers where no script, recording or backend has one.
// It understands no language: it makes an app's code paths run, and claims no
// more.
//
// Generate returns a tool call, JSON or prose. JSON follows a shapeNode, read
// from a JSON schema (schema.go), an example in the prompt (example.go) or a
// TypeScript type in it (typescript.go), and is filled by fill.go with values
// that suit the names of the fields (field_text.go, quiz.go, pattern.go). Prose has
// the length that the prompt asks for (length.go). Sentences come from bank.yaml.
// Embeddings, sentiment, translation, summaries and reranking are tasks of their
// own (embed.go, language.go).
//
// All choices follow from the request and its seed, and every step spends from
// an inference.Budget. It knows no HTTP, no clock and no files.
package generate
