// Package journal is the log of one queue: a file queues/<name>.journal of records
// on internal/wal. A change is in force once its record is written; the bodies of
// messages stay here, and the queue keeps 64 bytes of each message in memory with the
// place of its body.
//
// record.go has the format. log.go appends records, replay.go reads them when a queue is
// opened and tells a Replayer what they say, rewrite.go writes the journal anew without
// what is no longer needed, beside everything else. A record says what is and not what
// changes, so what happens during a rewrite can be read again on top of it.
//
// Changes that are decided come in, and go out again at the next start. This package
// knows no rule of delivery, no consumer, no clock and no lock: the queue calls Log under
// its own mutex, but for ReadBodies and Rewriting.Messages.
package journal
