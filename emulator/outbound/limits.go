package outbound

import "time"

// Bounds on connections to real hosts. How long a host may take to answer is
// not bounded: a Worker sets that with an AbortSignal.
const (
	dialTimeout    = 10 * time.Second // to connect, and again for TLS
	idleTimeout    = 60 * time.Second // for which an unused connection is kept
	expectTimeout  = time.Second      // to wait for 100 Continue
	maxIdle        = 64               // unused connections in all
	maxIdlePerHost = 8
	copyBytes      = 32 << 10
	maxWarned      = 1000 // hosts whose refusal is logged
	maxMissed      = 5    // mocks of a host that a refusal names
)

// Bounds on mocks, cassettes and the journal.
const (
	maxMockFile    = 4 << 20   // bytes of one file of mocks
	maxMockFiles   = 500       // files in all folders of mocks
	maxMocks       = 5000      // mocks in all files
	maxMatchBody   = 16 << 20  // bytes of a request body that mocks look at
	maxCassette    = 256 << 20 // bytes of one cassette
	maxRecordBody  = 16 << 20  // bytes of one body in a cassette; a larger exchange passes and is not kept
	maxExchanges   = 10_000    // exchanges in one cassette; the oldest go first
	maxJSONDepth   = 200       // nesting of JSON that is looked at
	journalEntries = 1000      // calls that the journal keeps
	maxFollowers   = 64        // clients that follow the journal at once
	followBacklog  = 256       // calls that a slow follower may be behind
	maxURLShown    = 2048      // bytes of a URL in the journal
)
