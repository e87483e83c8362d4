package r2

import "time"

// Limits of R2. https://developers.cloudflare.com/r2/platform/limits/
const (
	// MaxListKeysWithMetadata is the largest page of the binding when metadata
	// is included.
	MaxListKeysWithMetadata = 100
	// MaxDeleteKeys is how many keys one delete takes.
	MaxDeleteKeys = 1000
	// MinPartSize is the smallest part that is not the last one, in bytes.
	MinPartSize = 5 << 20
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
	// maxJournal is how large the journal of a bucket grows, in bytes, before its
	// puts move into the table, and maxUnsettled how many keys they may have: one
	// put waits for the move, 10 µs a key.
	maxJournal = 4 << 20
	// maxFrame is the longest JSON part of a request. The longest legal ones
	// are 10,000 parts and 1000 keys in which every byte is escaped.
	maxFrame = 16 << 20
	// MaxLifecycleAge is the largest age of a lifecycle rule, and MaxRuleID the
	// longest id of a rule, in bytes.
	MaxLifecycleAge = 100 * 365 * 24 * time.Hour
	MaxRuleID       = 255
	lifecycleRetry  = time.Minute
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
)
