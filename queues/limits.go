package queues

import "time"

// Limits of Cloudflare Queues. A kilobyte is 1000 bytes.
// https://developers.cloudflare.com/queues/platform/limits/
const (
	MaxMessageBytes  = 128_000        // one message body
	MaxBatchBytes    = 256_000        // all bodies of one sendBatch
	MaxBatchMessages = 100            // messages of one sendBatch, and of one delivered batch
	MaxDelay         = 24 * time.Hour // delaySeconds on send and on retry
	MaxBatchTimeout  = 60 * time.Second
	MaxRetries       = 100
	MaxConcurrency   = 250
	MaxQueueName     = 63
	MinRetention     = time.Minute
	MaxRetention     = 14 * 24 * time.Hour
	DefaultRetention = 4 * 24 * time.Hour
	MaxVisibility    = 12 * time.Hour   // of a lease
	MaxBacklogBytes  = 25_000_000_000   // all bodies of one queue
	handlerTimeout   = 15 * time.Minute // real time of one batch in a Worker; see Consumer.deliver
	defaultPullSize  = 5
)

// Defaults of a consumer.
// https://developers.cloudflare.com/queues/configuration/batching-retries/
const (
	defaultBatchSize    = 10
	defaultBatchTimeout = 5 * time.Second
	defaultRetries      = 3
	defaultVisibility   = 30 * time.Second
)

// Flint's own bounds.
const (
	// maxAutoConcurrency is how many batches run at once at most when
	// max_concurrency is not set. One more joins for each scaleBacklog full
	// batches that wait, so a small test sees its batches one after another.
	maxAutoConcurrency = 8
	batchesPerSlot     = 10

	firstBackoff    = 100 * time.Millisecond // the Worker could not be reached
	maxBackoff      = 30 * time.Second
	closeGrace      = 5 * time.Second // for running batches when the broker closes
	maxTimerWaiters = 64              // timer callbacks that wait for a delivery at once, a queue

	maxSendCommitBytes   = 1 << 20   // bytes of senders that share one write
	rewriteChunkBytes    = 256 << 10 // bodies of one step of a compaction
	rewriteChunkMessages = 1024      // messages of one step of a compaction
	redriveChunkMessages = 4096      // messages that one step of a redrive marks
	moveChunkMessages    = 256       // dead letters that move at once
	maxOrigins           = 1 << 15   // queues whose dead letters one queue counts apart
	maxWatchBuffer       = 1 << 16   // events that wait for a watcher

	minGarbageBytes = 4 << 20 // bytes of dead journal before it is rewritten
	maxPeek         = 1000    // messages of one peek
)
