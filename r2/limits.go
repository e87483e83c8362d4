package r2

import "time"

// Limits of R2. https://developers.cloudflare.com/r2/platform/limits/
const (
	// MaxKeySize is the longest key, in bytes of UTF-8.
	MaxKeySize = 1024
	// MaxPutSize is the largest object of one put and the largest part, in
	// bytes: 5 GiB less 5 MiB.
	MaxPutSize = 5<<30 - 5<<20
	// MaxMetadataSize bounds the names and values of the custom metadata of
	// one object, in bytes. The peer stops at 2048; the documentation is followed.
	MaxMetadataSize = 8192
	// MaxListKeys is the largest page of a list.
	MaxListKeys = 1000
	// MaxListKeysWithMetadata is the largest page of the binding when metadata
	// is included.
	MaxListKeysWithMetadata = 100
	// MaxDeleteKeys is how many keys one delete takes.
	MaxDeleteKeys = 1000
	// MinPartSize is the smallest part that is not the last one, in bytes.
	MinPartSize = 5 << 20
	// MaxParts is the largest part number.
	MaxParts = 10_000
	// UploadLifetime is when an unfinished multipart upload is given up.
	// https://developers.cloudflare.com/r2/objects/multipart-objects/
	UploadLifetime = 7 * 24 * time.Hour
	// MaxLifecycleRules, MaxNotificationRules and MaxCORSRules are how many rules a bucket takes.
	// https://developers.cloudflare.com/r2/buckets/object-lifecycles/
	// https://developers.cloudflare.com/r2/buckets/event-notifications/#limitations
	MaxLifecycleRules    = 1000
	MaxNotificationRules = 100
	MaxCORSRules         = 100
	// MaxCORSAge is the longest that a browser may keep the answer to a preflight, in seconds.
	MaxCORSAge = 86_400
)

// Our own bounds.
const (
	// maxInline is the largest object that lives in SQLite, in bytes. By
	// BenchmarkInlineOrFile a put into the table took at most a sixth of a new
	// file's time at 1 KiB and at most seven tenths at 64 KiB, on a busy machine;
	// above 32 KiB a get pays for it with a copy.
	maxInline = 64 << 10
	// maxJournal is how large the journal of a bucket grows, in bytes, before its
	// puts move into the table, and maxUnsettled how many keys they may have: one
	// put waits for the move, 10 µs a key.
	maxJournal   = 4 << 20
	maxUnsettled = 1 << 10
	// maxJournaled is the largest content that goes through the journal, in bytes:
	// writing more of it twice costs more than a transaction.
	maxJournaled = 8 << 10
	// maxRead is about how much of a bucket's rows stays in memory, in bytes; as
	// much again is about to be dropped.
	maxRead = 4 << 20
	// maxFrame is the longest JSON part of a request. The longest legal ones
	// are 10,000 parts and 1000 keys in which every byte is escaped.
	maxFrame = 16 << 20
	// maxListBytes keeps a page below the 1 MiB at which workerd refuses it.
	maxListBytes = 768 << 10
	// MaxLifecycleAge is the largest age of a lifecycle rule, and MaxRuleID the
	// longest id of a rule, in bytes.
	MaxLifecycleAge = 100 * 365 * 24 * time.Hour
	MaxRuleID       = 255
	// lifecycleBatch is how many objects a lifecycle rule deletes or moves at once,
	// and lifecycleRetry when it tries again after an error.
	lifecycleBatch = 1000
	lifecycleRetry = time.Minute
	// maxPendingEvents is how many changes of a bucket may wait for a queue to hear
	// of them, eventRetry when a queue is tried again, and maxEventLog when their
	// log begins anew, in bytes.
	maxPendingEvents = 10_000
	eventRetry       = 10 * time.Second
	maxEventLog      = 256 << 10
	// maxRESTBody bounds the JSON bodies of the REST API.
	maxRESTBody = 8 << 20
	// maxDomains bounds the custom domains of all buckets together.
	maxDomains = 1000
	copyBuffer = 256 << 10
	// maxPipelines is how many puts at once hash beside their writing, with three
	// buffers each.
	maxPipelines = 16
)

// Bounds of the s3 driver.
const (
	s3DialTimeout   = 3 * time.Second
	s3AnswerTimeout = 30 * time.Second // to the head of an answer; MinIO takes its time to put parts together
	s3Conns         = 16               // idle connections, and requests at once for one list
	s3Tries         = 2                // of a request, if its body can be sent anew
	maxS3Metadata   = 2 << 10          // bytes of names and values, S3's own limit
	maxS3Uploads    = 10_000           // that a list of uploads looks at
	maxOwnText      = 4 << 10          // of an object of the driver's own
	maxNames        = 8 << 10          // keys that are remembered by their hashes
)
