// Package console prints flint's events, for a person or as JSON lines, and holds a
// process's standard streams. Handler is a slog.Handler: an event is a log record whose
// message is its name and whose attributes are its fields. A Batch behind it writes
// lines that come within 8 ms together, and warnings at once.
//
// The package knows no event by itself: printers for single events are passed to it.
package console
