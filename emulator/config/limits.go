package config

import "time"

const (
	maxFile   = 1 << 20 // bytes of one configuration file
	maxDepth  = 1000    // open brackets; far beyond any real file
	maxQuoted = 40      // characters of a value shown in an error
	maxNamed  = 200     // characters of an id, bucket or queue name

	// https://developers.cloudflare.com/queues/configuration/configure-queues/
	maxBatchSize    = 100
	maxBatchTimeout = 60 * time.Second

	minRetention, maxRetention, defaultRetention = 60, 14 * 24 * 3600, 4 * 24 * 3600 // seconds that queues keep messages
	maxRetries                                   = 100
	maxConcurrency                               = 250
	// https://developers.cloudflare.com/queues/platform/limits/
	maxDelay = 24 * time.Hour

	maxIsolates = 64
)
