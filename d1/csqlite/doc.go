// Package csqlite drives SQLite's C interface for D1 in few, fat calls. One
// call binds, steps and packs rows into a buffer, because crossing from Go
// into C for every column costs more than SQLite does.
//
// SQLite is the one that github.com/mattn/go-sqlite3 compiles into the same
// binary; this package declares the functions it needs and lets the linker
// join the two. The declarations are part of SQLite's stable interface
// (https://www.sqlite.org/c3ref/intro.html).
package csqlite
