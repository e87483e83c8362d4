// Package console prints flint's events for a person or as JSON lines. Both
// are slog handlers: an event is a log record whose message is its name, and
// whose attributes are its fields.
package console
