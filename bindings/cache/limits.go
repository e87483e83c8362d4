package cache

import "time"

// Limits of the Cache API.
// https://developers.cloudflare.com/workers/platform/limits/#cache-api-limits
const (
	// MaxObject is the largest response that is stored, in bytes.
	MaxObject = 512 << 20
	// DefaultMaxBytes is how much all caches hold together before the oldest
	// responses go; Options.MaxBytes changes it.
	DefaultMaxBytes = 512 << 20

	maxKeptBody  = 64 << 10 // bytes of a body that may stay in memory
	maxKeptBytes = 32 << 20 // of all of them together

	maxHeader = 128 << 10 // bytes of the status line and headers of a response
	maxMeta   = 1 << 20   // bytes of what is written about a response
)

// defaultTTL is how long a response is fresh that says nothing about it; other
// statuses are not stored then.
// https://developers.cloudflare.com/cache/how-to/configure-cache-status-code/#edge-ttl
var defaultTTL = map[int]time.Duration{
	200: 120 * time.Minute, 206: 120 * time.Minute, 301: 120 * time.Minute,
	302: 20 * time.Minute, 303: 20 * time.Minute,
	404: 3 * time.Minute, 410: 3 * time.Minute,
}
