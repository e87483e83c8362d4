package kv

import (
	"log/slog"
	"os"

	"flint/internal/clock"
	"flint/kv/driver"
	"flint/kv/memory"
	"flint/kv/redis"
)

// Memory is the driver that keeps namespaces in memory, with a log of each in
// the store's folder.
const Memory = "memory"

// openBackend opens the backend that driver names.
func openBackend(url, dir string, c clock.Clock, log *slog.Logger) (driver.Backend, error) {
	if url != "" && url != Memory {
		return redis.Open(url, c, log)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return memory.Open(dir, c, log)
}
