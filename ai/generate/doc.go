// Package generate writes the answers that nobody scripted or recorded. It
// understands no language: prose comes from a bank of words, JSON follows a
// shape that is read from a JSON schema (schema.go), an example in the prompt
// (example.go) or a TypeScript type (typescript.go). The same request and seed
// give the same bytes.
package generate
