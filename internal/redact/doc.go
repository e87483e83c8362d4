// Package redact takes keys, tokens and passwords out of text before it is
// written to a file or shown.
package redact
