package cron

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"flint/internal/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, after, want string }{
		{"* * * * *", "2026-11-23 10:00", "2026-11-23 10:01"},
		{"*/30 * * * *", "2026-11-23 10:31", "2026-11-23 11:00"},
		{"45 * * * *", "2026-11-23 10:45", "2026-11-23 11:45"},
		{"0 17 * * sun", "2026-11-23 00:00", "2026-11-29 17:00"},
		{"10 7 * * mon-fri", "2026-11-27 08:00", "2026-11-30 07:10"},
		{"0 0 * * FRI-SUN", "2026-11-23 00:00", "2026-11-27 00:00"},
		{"0 15 1 * *", "2026-11-23 00:00", "2026-12-01 15:00"},
		{"0 18 * * 6L", "2026-11-23 00:00", "2026-11-27 18:00"},
		{"59 23 LW * *", "2026-05-01 00:00", "2026-05-29 23:59"}, // the 31st is a Sunday
		{"0 0 L 2 *", "2027-01-01 00:00", "2027-02-28 00:00"},
		{"0 0 L-2 * *", "2026-11-01 00:00", "2026-11-28 00:00"},
		{"0 0 29 2 *", "2025-03-01 00:00", "2028-02-29 00:00"},
		{"0 0 1W 8 *", "2026-07-01 00:00", "2026-08-03 00:00"}, // the 1st is a Saturday
		{"0 9 * * MON#2", "2026-11-01 00:00", "2026-11-09 09:00"},
		{"0 0 13 * 6", "2026-11-01 00:00", "2026-11-06 00:00"}, // either day field matches
		{"5/20 8-9 * JAN,JUL *", "2026-07-31 09:26", "2026-07-31 09:45"},
		{"0 0 * * 1", "2026-11-23 00:00", "2026-11-29 00:00"}, // 1 is Sunday
	} {
		s, err := Parse(c.expr)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.expr, err)
			continue
		}
		if got := s.Next(at(c.after)); !got.Equal(at(c.want)) {
			t.Errorf("%q after %s: got %s, want %s", c.expr, c.after, got.Format("2006-01-02 15:04"), c.want)
		}
	}
}

func TestParseErrorsNameTheField(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"* * * *":       "has 4 fields",
		"60 * * * *":    `"60" is not a valid minute (0 to 59`,
		"* 24 * * *":    `"24" is not a valid hour`,
		"* * 0 * *":     "day of the month (1 to 31",
		"* * * FOO *":   "or JAN to DEC",
		"* * * * 0":     "or SUN to SAT",
		"* * * * MON#6": "day of the week",
		"*/0 * * * *":   "minute",
		"* * 31 2 *":    "never fires",
		"+1 * * * *":    "minute",
		"* * L-x * *":   "day of the month",
	} {
		if _, err := Parse(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want an error with %q", expr, err, want)
		}
	}
}

// Next must be the first minute that the fields match: checked by walking the
// minutes in between.
func TestNextIsTheFirstMatch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		expr := strings.Join([]string{
			rapid.SampledFrom([]string{"*", "0", "*/7", "5-10", "59"}).Draw(t, "minute"),
			rapid.SampledFrom([]string{"*", "0", "22-2", "*/5"}).Draw(t, "hour"),
			rapid.SampledFrom([]string{"*", "1", "L", "15W", "28-3"}).Draw(t, "day"),
			"*",
			rapid.SampledFrom([]string{"*", "2", "SAT-MON", "3L", "TUE#3"}).Draw(t, "weekday"),
		}, " ")
		s, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		from := at("2026-01-01 00:00").Add(time.Duration(rapid.IntRange(0, 525600).Draw(t, "from")) * time.Minute)
		next := s.Next(from)
		match := func(m time.Time) bool {
			return s.minute&(1<<m.Minute()) != 0 && s.hour&(1<<m.Hour()) != 0 && s.matchDate(m)
		}
		for m := from.Add(time.Minute); m.Before(next); m = m.Add(time.Minute) {
			if match(m) {
				t.Fatalf("%q after %s: %s matches before %s", expr, from, m, next)
			}
		}
		if !match(next) {
			t.Fatalf("%q after %s: %s does not match", expr, from, next)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("*/5 0-23/2 L-3 JAN-DEC MON#1")
	f.Add("0 0 LW * FRIL")
	f.Fuzz(func(t *testing.T, expr string) {
		if s, err := Parse(expr); err == nil && s.Next(at("2026-01-01 00:00")).IsZero() {
			t.Errorf("Parse(%q) accepted a schedule that never fires", expr)
		}
	})
}

type recorder struct {
	mu  sync.Mutex
	got []string
	err error
}

func (r *recorder) Scheduled(_ context.Context, cron string, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, cron+" @ "+at.Format("15:04"))
	return r.err
}

func TestAdvanceFiresEveryDueMinute(t *testing.T) {
	t.Parallel()
	c := clock.NewFrozen(at("2026-11-23 10:00"))
	defer c.Close()
	s := New(c, slog.New(slog.DiscardHandler))
	defer s.Close()
	rec := &recorder{err: errors.New("a failing handler must not stop the schedule")}
	if err := s.Add("w", "*/20 * * * *", rec); err != nil {
		t.Fatal(err)
	}
	s.Start()
	if err := c.Advance(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	want := "*/20 * * * * @ 10:20,*/20 * * * * @ 10:40,*/20 * * * * @ 11:00"
	if got := strings.Join(rec.got, ","); got != want {
		t.Errorf("fired %s\nwant  %s", got, want)
	}
	if l := s.List(); len(l) != 1 || !l[0].Next.Equal(at("2026-11-23 11:20")) {
		t.Errorf("List() = %v", l)
	}
}
