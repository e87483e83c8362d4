// Package disk is the default driver of R2. A bucket is a folder with a SQLite file for
// metadata and objects up to 64 KiB, and one file, named by its version, for the content of
// every larger object or part (blobs.go).
//
// Content is written first and its row committed after, so a reader sees the old object or
// the new one, and a kill -9 at any moment costs at most a file that no row names; the next
// Open removes it. A put of up to 8 KiB goes into a journal before it goes into the table
// (journal.go): one write instead of a transaction. Rows that were read or put lately are
// kept in memory (recent.go), at most some 4 MiB a bucket.
//
// The rules of R2 are in package r2; what reaches this package is checked.
package disk
