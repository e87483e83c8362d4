package r2

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/internal/clock"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirEnv); dir != "" {
		putUntilKilled(dir)
		return
	}
	if dir := os.Getenv(fullDirEnv); dir != "" {
		putPastLimit(dir)
		return
	}
	if dir := os.Getenv(largeDirEnv); dir != "" {
		passLarge(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// noon is the frozen time of tests, with milliseconds that HTTP dates lose.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 250e6, time.UTC)

func newStore(t testing.TB) (*Store, *clock.Virtual) {
	t.Helper()
	c := clock.NewFrozen(noon)
	return openStore(t, t.TempDir(), c), c
}

func openStore(t testing.TB, dir string, c clock.Clock) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newBucket(t testing.TB) (*Bucket, *clock.Virtual) {
	t.Helper()
	s, c := newStore(t)
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	return b, c
}
