package kv

import (
	"fmt"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/kv/driver"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	s, c := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	put(t, n, "minute", "1", PutOptions{ExpirationTTL: seconds(60)})
	put(t, n, "hour", "2", PutOptions{Expiration: seconds(epoch.Unix() + 3600)})
	put(t, n, "moved", "3", PutOptions{ExpirationTTL: seconds(60)})
	put(t, n, "moved", "3", PutOptions{ExpirationTTL: seconds(7200)})
	put(t, n, "freed", "4", PutOptions{ExpirationTTL: seconds(60)})
	put(t, n, "freed", "4", PutOptions{})
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, "[freed hour minute moved]"},
		{59*time.Second + 999*time.Millisecond, "[freed hour minute moved]"},
		{time.Millisecond, "[freed hour moved]"},
		{time.Hour - time.Minute, "[freed moved]"},
		{time.Hour, "[freed]"},
		{1000 * time.Hour, "[freed]"},
	} {
		testkit.Advance(t, c, step.after)
		if got := fmt.Sprint(names(t, n, ListOptions{})); got != step.want {
			t.Errorf("after another %v: %s, want %s", step.after, got, step.want)
		}
	}
}

func TestExpiryGivesMemoryBack(t *testing.T) {
	t.Parallel()
	s, c := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	l := inMemory(n)
	pairs := make([]Pair, MaxBulkPairs)
	for i := range pairs {
		pairs[i] = Pair{fmt.Sprint(i), []byte("v"), PutOptions{ExpirationTTL: seconds(60 + int64(i%3))}}
	}
	if err := n.PutBulk(ctx, pairs); err != nil {
		t.Fatal(err)
	}
	testkit.Advance(t, c, time.Minute+time.Second)
	// Nobody has read: the timer alone did it.
	if got := l.Usage().Keys; got != MaxBulkPairs/3 {
		t.Errorf("%d keys in memory", got)
	}
	testkit.Advance(t, c, time.Second)
	if !l.IsEmpty() {
		t.Errorf("memory still holds %+v, or a timer", l.Usage())
	}
}

// still is a clock whose timers never fire: the reader is always too early
// for them.
type still struct{ now time.Time }

func (s *still) Now() time.Time                              { return s.now }
func (s *still) AfterFunc(time.Duration, func()) clock.Timer { return s }
func (s *still) Stop() bool                                  { return true }

func TestLateTimerShowsNothingExpired(t *testing.T) {
	t.Parallel()
	c := &still{epoch}
	n := namespace(t, openAt(t, t.TempDir(), c), "ns")
	put(t, n, "k", "v", PutOptions{ExpirationTTL: seconds(60)})
	c.now = epoch.Add(time.Minute)
	if got := get(t, n, "k"); got != "-" {
		t.Errorf("get: %q", got)
	}
	put(t, n, "k", "v", PutOptions{ExpirationTTL: seconds(60)})
	c.now = epoch.Add(2 * time.Minute)
	if got := names(t, n, ListOptions{}); got != nil {
		t.Errorf("list: %q", got)
	}
}

func TestExpiredStaysGoneAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, c := openStore(t, dir)
	n := namespace(t, s, "ns")
	put(t, n, "gone", "v", PutOptions{ExpirationTTL: seconds(60)})
	put(t, n, "later", "v", PutOptions{ExpirationTTL: seconds(3600)})
	testkit.Advance(t, c, time.Minute)
	put(t, n, "again", "v", PutOptions{ExpirationTTL: seconds(60)})
	for _, at := range []time.Time{
		epoch,                      // the clock was set back
		epoch.Add(time.Minute),     // the same moment
		epoch.Add(2 * time.Minute), // expired while nobody ran
		epoch.Add(2 * time.Hour),
	} {
		want := "[again later]"
		switch {
		case at.Sub(epoch) >= 2*time.Hour:
			want = "[]"
		case at.Sub(epoch) >= 2*time.Minute:
			want = "[later]"
		}
		after := namespace(t, openAt(t, crash(t, dir), clock.NewFrozen(at)), "ns")
		if got := fmt.Sprint(names(t, after, ListOptions{})); got != want {
			t.Errorf("restarted at %v: %s, want %s", at.Sub(epoch), got, want)
		}
	}
}

func TestFarExpiry(t *testing.T) {
	t.Parallel()
	s, c := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	put(t, n, "far", "v", PutOptions{ExpirationTTL: seconds(3 * driver.MaxTimerSeconds)})
	put(t, n, "forever", "v", PutOptions{ExpirationTTL: seconds(1 << 62)})
	testkit.Advance(t, c, 2*driver.MaxTimerSeconds*time.Second)
	if got := get(t, n, "far"); got != "v" {
		t.Error("gone too early")
	}
	testkit.Advance(t, c, driver.MaxTimerSeconds*time.Second)
	if got := fmt.Sprint(names(t, n, ListOptions{})); got != "[forever]" {
		t.Errorf("left are %s", got)
	}
}
