// Package wal is an append-only log file: the durable half of a service that keeps
// its data in memory. KV namespaces, queues and R2's puts are such logs.
//
// Each record is framed by its length, a CRC-32C of the length and a CRC-32C of the
// content. So Open can tell a torn tail, which a crash during a write leaves and which
// it cuts off, from damage before the last record, which it reports as an error.
//
// Append returns once the kernel has the record: it survives a kill -9 of the process
// at any later moment, but not a power cut. Sync, Close and Rewrite flush to the disk.
// Rewrite compacts a log while others append: what they append is copied behind the
// new content, and they wait only for the last part of the copy and the rename. Group
// lets concurrent writers share one append.
//
// The package knows nothing of what records mean.
package wal
