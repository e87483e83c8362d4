// Package sqlite opens the SQLite files in which flint's services keep durable
// metadata: WAL mode, one connection that writes, a pool of readers, numbered
// migrations. The databases of users (D1) are not opened here.
//
// A committed write survives a kill -9 of the process at any moment. With
// synchronous=NORMAL a power cut may lose the last commits, but never damages the file.
package sqlite
