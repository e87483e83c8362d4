package r2_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/r2"
	"flint/r2/r2test"
)

func TestDiskDriver(t *testing.T) {
	t.Parallel()
	r2test.Run(t, r2test.Driver{MaxMetadata: r2.MaxMetadataSize, New: func(t testing.TB) r2test.Open {
		dir := t.TempDir()
		return func(c clock.Clock) (*r2.Store, error) { return r2.Open(r2.Options{Dir: dir, Clock: c}) }
	}})
}

var places atomic.Int64

func TestS3Driver(t *testing.T) {
	t.Parallel()
	m := testkit.StartMinIO(t)
	r2test.Run(t, r2test.Driver{SlowClock: true, MaxMetadata: 1800, New: func(t testing.TB) r2test.Open {
		driver := fmt.Sprintf("%s&prefix=p%d-", m.URL, places.Add(1))
		dir := filepath.Join(t.TempDir(), "r2")
		return func(c clock.Clock) (*r2.Store, error) { return r2.Open(r2.Options{Driver: driver, Dir: dir, Clock: c}) }
	}})
}
