package kv

import (
	"flint/kv/driver"
	"flint/kv/redis"
)

// Entry is what is stored under a key. Its slices must not be changed.
type Entry = driver.Entry

// Key is one key of a list. Its metadata must not be changed.
type Key = driver.Key

// Errors of the drivers.
var (
	// ErrKeyNotFound says that a key does not exist or has expired.
	ErrKeyNotFound = driver.ErrKeyNotFound
	// ErrClosed says that the store or the namespace was closed or deleted meanwhile.
	ErrClosed = driver.ErrClosed
	// ErrDriver says that a driver is neither a name nor a URL that can be used.
	ErrDriver = redis.ErrDriver
)

const (
	// MaxBulkGetBytes is the most bytes that the values of one bulk read have together.
	MaxBulkGetBytes = driver.MaxBulkGetBytes
	// Embedded is the driver that keeps namespaces in a Redis inside this process.
	Embedded = redis.Embedded
)
