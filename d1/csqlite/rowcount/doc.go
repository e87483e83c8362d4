// Command rowcount prepares the SQLite that flint is built with. D1 bills the
// rows that a statement reads and writes, and the runtime counts them inside
// SQLite's virtual machine; stock SQLite counts neither. rowcount copies the
// module github.com/mattn/go-sqlite3, adds two counters to SQLite's prepared
// statements and ORDER BY and LIMIT to DELETE and UPDATE, and writes a go.work
// by which the go command builds the copy in place of the module
// (https://go.dev/ref/mod#workspaces). The Makefile runs it.
//
//	rowcount FOLDER     writes FOLDER/go.work and FOLDER/go-sqlite3
package main
