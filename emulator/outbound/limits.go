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
)
