// Package redact removes keys, tokens and passwords from text before it is written to a
// file or shown: recorded answers of AI backends and of hosts. It recognises well-known forms
// of keys and JSON members whose name says that they are secret.
package redact
