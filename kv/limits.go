package kv

import "time"

// Limits of Workers KV.
// https://developers.cloudflare.com/kv/platform/limits/
const (
	MaxKeyBytes      = 512      // a key's name in UTF-8
	MaxValueBytes    = 25 << 20 // one value
	MaxMetadataBytes = 1024     // one key's metadata as JSON text
	MinCacheTTL      = 30       // seconds
	MinExpirationTTL = 60       // seconds
	MaxListKeys      = 1000     // one page of a list, and the default
	MaxBulkGetKeys   = 100      // keys of one bulk read
)

// What a namespace does when asked (Rules).
// https://developers.cloudflare.com/kv/concepts/how-kv-works/#consistency
const (
	defaultCacheTTL = 60          // seconds that a location keeps what it read
	maxCacheSeconds = 1 << 32     // longest cacheTtl that makes a difference, over a century
	maxEdgeBytes    = 64 << 20    // what the simulated edge cache of a store holds
	writeInterval   = time.Second // between two writes to one key
	maxRecentWrites = 100_000     // keys of a namespace whose last write is remembered
)

// Limits of the REST API.
// https://developers.cloudflare.com/api/resources/kv/
const (
	MaxBulkPairs      = 10_000    // pairs or keys of one bulk write or delete
	MaxBulkBody       = 100 << 20 // body of a bulk write, in bytes
	minRESTListKeys   = 10
	defaultPerPage    = 20
	maxPerPage        = 100
	maxTitleBytes     = 512
	maxSmallBody      = 1 << 20  // JSON bodies without values: key names, a title
	maxNamespaceBytes = 512      // a namespace's id; Cloudflare's own have 32 characters
	maxMultipartParts = 64       // parts of a multipart put that are looked at
	maxBulkKeysBody   = 16 << 20 // body of a bulk delete, in bytes
)

// Limits of flint.
const (
	maxListNowKeys       = 100     // the longest list that is made on the event loop
	maxExpirationSeconds = 1 << 53 // what a JavaScript number can hold; later moments are clamped to it
	minReadBuffer        = 4 << 10 // memory for a value of unknown length to begin with, in bytes
	maxMeasuredBytes     = 1 << 30 // how far an overlong value is read to tell its length, in bytes
)
