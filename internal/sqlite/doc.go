// Package sqlite opens the SQLite files in which flint's services keep
// durable metadata: WAL mode, one writer, a pool of readers, numbered
// migrations. A database of a user (D1) is none of its business.
//
// A committed write survives a kill -9 of the process at any moment. With
// synchronous=NORMAL a power cut may lose the last commits, never the file.
package sqlite
