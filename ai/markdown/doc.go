// Package markdown converts files to Markdown for env.AI.toMarkdown(): text,
// HTML, CSV and JSON.
//
// Convert takes files in base64 and returns a result for each; one that cannot
// be converted has an error in its result and does not affect the others. HTML
// that would become far larger than it is, such as deeply nested elements and huge
// tables, is flattened first (html.go).
//
// It knows no HTTP: the forms and envelopes around it are package ai's.
//
// https://developers.cloudflare.com/workers-ai/features/markdown-conversion/
package markdown
