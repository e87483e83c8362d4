package r2_test

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime"
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

// Content passes through in pieces: of 64 MiB, known and unknown length, there
// and back, only a little is ever allocated. It runs before the parallel tests.
func TestS3ContentStreams(t *testing.T) {
	m := testkit.StartMinIO(t)
	s, err := r2.Open(r2.Options{Driver: m.URL, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	for _, told := range []int64{size, -1} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := b.Put(t.Context(), "big.bin", io.LimitReader(zeros{}, size), r2.PutOptions{Size: told}); err != nil {
			t.Fatal(err)
		}
		body, err := b.Get(t.Context(), "big.bin", r2.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, body.Content)
		body.Content.Close()
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; err != nil || n != size || allocated > 16<<20 {
			t.Errorf("size %d: %d bytes came back, %d allocated, %v", told, n, allocated, err)
		}
	}
}

// zeros never ends.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
