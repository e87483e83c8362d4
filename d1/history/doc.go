// Package history keeps the past of a database, for time travel: every commit of the last
// 30 days, by whichever process. It works on pages, below SQL.
//
// Nothing moves the write-ahead log into the database file before the log's frames are here,
// as what they change on each page (block.go). A copy of the database (a base, base.go) and
// the frames that follow it (together a chain, chain.go) give back any state (rebuild.go). A
// Position names a state; its text is D1's bookmark. find.go looks for one by bookmark or by
// time. Old chains are dropped when they are too old or too large together (checkpoint.go).
//
// The database above calls its methods with the right to write. The rules of bookmarks and
// of restoring are there; this package knows no SQL but what SQLite's file format needs.
package history
