package driver

// MaxBulkGetBytes is the most bytes that the values of one bulk read have together.
// https://developers.cloudflare.com/kv/platform/limits/
const MaxBulkGetBytes = 25 << 20

// MaxTimerSeconds is the longest time for which an expiry timer is set, about a year.
const MaxTimerSeconds = 1 << 25

// maxBatch is the most bytes of one record of several, those of a bulk write.
const maxBatch = 100 << 20
