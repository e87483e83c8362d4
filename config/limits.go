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
	maxRetries      = 100
	maxConcurrency  = 250

	minRetention, maxRetention, defaultRetention = 60, 14 * 24 * 3600, 4 * 24 * 3600 // seconds that queues keep messages
	// https://developers.cloudflare.com/queues/configuration/pull-consumers/#3-pull-messages
	maxVisibility = 12 * time.Hour
	// https://developers.cloudflare.com/queues/platform/limits/
	maxDelay = 24 * time.Hour

	maxIsolates = 64
)
