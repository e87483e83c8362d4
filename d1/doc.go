// Package d1 is Cloudflare D1 on SQLite: databases as plain SQLite files, the
// runtime's own limits and error texts, batches as one transaction, scripts,
// migrations, session bookmarks, the protocol of the D1 binding and D1's REST
// API. https://developers.cloudflare.com/d1/
//
// Every database has one connection that writes and a few that read, so a
// slow read never holds up a write. The package starts no goroutine that
// outlives a call.
//
// # One commit, and the way back to it
//
//  1. Database.committed (d1/batch.go) runs after each commit, still with the right to
//     write. history.saw reads where the write-ahead log stands from SQLite's own
//     index in shared memory and publishes it: opening, log, frame, and the log's
//     running checksum are the bookmark. The time goes into a list in memory, once a
//     second also into the history.
//  2. After 4096 frames history.checkpoint archives the log (history.archive, blocks
//     of 512 frames: for each page the 8-byte words that changed) and then lets SQLite
//     move it into the file. It does so under the write lock; no connection of flint
//     checkpoints by itself.
//  3. In between, the *pin*, a connection that only reads, keeps every other process
//     from beginning the log anew. So what sqlite3 or a database browser commits is
//     found in the log and has bookmarks too, dated when flint sees it.
//  4. When the changes outgrow the base they rest on, history.settle begins a new
//     chain. Its base is a copy of the file, made beside readers and writers
//     (history_base.go): a read of its own keeps the file as it is, commits go into
//     the logs of both chains, and the next commit after the copy takes it over (of
//     100 MB: 87 ms, in which the longest of 274 commits took 6 ms,
//     BenchmarkPastPause). history.prune drops old chains.
//  5. Database.Restore finds the bookmark (history.find), rebuilds that state in a
//     temporary file (rebuilder.write; each frame must pass the checksum that SQLite
//     gave it) and copies it into the database with SQLite's backup interface: one
//     transaction. It is a commit like any other, so a kill leaves the old state or
//     the new one, and restoring the bookmark before it undoes it.
//
// At the next opening history.continues decides whether the chain leads to the state that
// is there: the log it knows has grown, or size, time and header of the file are those it
// noted after the last checkpoint. If neither holds, somebody wrote while flint did not
// run: a new base is made, and the states before stay reachable through the old chain.
package d1
