package memory

// MinCompactBytes is the size of a log below which it is never compacted.
const MinCompactBytes = 4 << 20

// MaxNow is the largest record, in bytes, that GetNow reads.
const MaxNow = 32 << 10

const (
	maxFileNameBytes = 200     // bytes of a log's file name before its suffix
	maxCommitBytes   = 1 << 20 // what concurrent writers gather for one write to the log
	compactBatch     = 256     // keys that a compaction reads before it lets writers in
	sweepBatch       = 512     // expired keys that are removed before readers are let in
)
