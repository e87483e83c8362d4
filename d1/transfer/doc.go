// Package transfer reads files that are imported and writes what is exported: rows of CSV and
// JSON (csv.go, json.go), INSERT statements of a dump (insert.go), values as SQL literals
// (literal.go). It knows files and text, not databases.
//
// A Window is the part of a file that is in memory. A reader packs rows from it into a Chunk,
// as codec packs values, for one call into SQLite. Every mistake in a file is an error with
// its line and column, and the place of the last whole row is known, so that an import can go
// on where it stopped. Running statements and noting progress is d1's.
package transfer
