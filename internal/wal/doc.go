// Package wal is an append-only log file: the durable half of a service that
// keeps its working set in memory. Each record is framed by its length, a
// CRC-32C of that length and one of the record, so that a torn tail (a crash in
// mid-write) is told from damage: the first is cut off, the second is reported.
//
// Append returns once the kernel has the record: it survives a kill -9 of the
// process at any later moment. Sync makes it survive a power cut too; Close
// and Rewrite sync by themselves.
package wal
