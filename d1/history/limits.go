package history

import "time"

const (
	defaultMaxBytes  = 1 << 30
	checkpointFrames = 4096     // of the log, before it is moved into the file; a quarter more before that is tried again
	blockFrames      = 512      // archived as one record
	minChainBytes    = 16 << 20 // of changes, before a new base is made
	maxChains        = 256
	maxAwaitedBase   = 256 << 20            // bytes of a database whose first base is waited for when it is opened
	markEvery        = time.Second          // how exact times are after a crash
	drainWait        = 5 * time.Millisecond // for readers, so that the log can begin anew
)

// MaxTimeTravel is how far back a database can be restored.
// https://developers.cloudflare.com/d1/reference/time-travel/
const MaxTimeTravel = 30 * 24 * time.Hour
