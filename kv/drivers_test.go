package kv_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/kv"
	"flint/kv/kvtest"
)

func TestMemoryDriver(t *testing.T) {
	t.Parallel()
	kvtest.Run(t, kvtest.Driver{New: func(t testing.TB) kvtest.Open {
		dir := t.TempDir()
		return func(c clock.Clock) (*kv.Store, error) { return kv.Open(kv.Options{Dir: dir, Clock: c}) }
	}})
}

func TestRedisDriver(t *testing.T) {
	t.Parallel()
	kvtest.Run(t, kvtest.Driver{New: apart("redis://" + testkit.StartRedis(t).Addr)})
}

func TestEmbeddedDriver(t *testing.T) {
	t.Parallel()
	kvtest.Run(t, kvtest.Driver{Volatile: true, New: func(testing.TB) kvtest.Open {
		return func(c clock.Clock) (*kv.Store, error) { return kv.Open(kv.Options{Driver: kv.Embedded, Clock: c}) }
	}})
}

var places atomic.Int64

// apart gives each place a prefix of its own in one Redis.
func apart(url string) func(testing.TB) kvtest.Open {
	return func(testing.TB) kvtest.Open {
		driver := fmt.Sprintf("%s?prefix=p%d", url, places.Add(1))
		return func(c clock.Clock) (*kv.Store, error) { return kv.Open(kv.Options{Driver: driver, Clock: c}) }
	}
}
