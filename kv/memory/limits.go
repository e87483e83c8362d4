package memory

const (
	maxFileNameBytes = 200      // bytes of a log's file name before its suffix
	MinCompactBytes  = 4 << 20  // a log smaller than this is never compacted, in bytes
	compactBatch     = 256      // keys that a compaction looks at between two looks of waiting writers
	maxCommitBytes   = 1 << 20  // what writers gather for one write to the log, in bytes
	sweepBatch       = 512      // expired keys removed between two looks of waiting readers
	MaxNow           = 32 << 10 // the largest record that is read on the event loop, in bytes
)
