// Package memory is the default driver of KV: a namespace is an ordered map with
// expiry in memory, made durable by a log (internal/wal) of its own. A write is
// acknowledged once the log has it, so a kill -9 loses nothing.
//
// Each key has a number. Its record stands in blocks of 64 KiB (arena.go), is found
// by hash (hash_index.go, slots.go) and listed in order (sorted.go). None of these
// holds pointers, so the garbage collector has nothing to look at in a million
// keys. Writers that come together share one call to the log (commit.go);
// compact.go rewrites the log beside them; load.go reads it at the start; expiry.go
// removes what has expired by a timer, and before that by the first reader.
//
// Readers never wait for the disk. The rules of KV, and what an eventual namespace
// shows, are in package kv.
package memory
