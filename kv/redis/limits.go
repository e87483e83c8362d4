package redis

import "time"

const (
	maxConns              = 32                // connections of one flint
	dialTimeout           = 2 * time.Second   // to connect
	DefaultTimeout        = 10 * time.Second  // one call in all, waiting for a connection included
	embeddedTimeout       = time.Minute       // one call of a Redis inside flint
	scriptBatch           = 1000              // keys that a script looks at in one step
	GraceSeconds          = 86400             // seconds that Redis waits longer than flint before it removes an expired entry by itself
	maxRedisExpirySeconds = 100 * 365 * 86400 // expiries further away are left to flint alone
	SweepRetrySeconds     = 60                // seconds until expired keys are looked for again after a failure
	maxReplyBytes         = 200               // bytes of an answer of Redis that an error shows
)
