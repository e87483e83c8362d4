package clock

import "time"

// Clock tells the time and runs functions later.
type Clock interface {
	// Now is the current time of the emulator, in UTC.
	Now() time.Time
	// AfterFunc runs f in a goroutine of its own once d has passed. Advance
	// waits for f to return, so f should include the work that fell due; f
	// itself must not wait for Advance or Close.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a pending AfterFunc.
type Timer interface {
	// Stop keeps f from running. It reports false if f has already started or
	// will never run because the clock was closed.
	Stop() bool
}

// Since is the time that passed on c after t.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }

// Stopwatch measures durations of real work (request times, start-up). It does
// not follow the emulator's clock, because a moved clock must not make a
// request look an hour long.
type Stopwatch struct{ start time.Time }

// StartStopwatch starts measuring.
func StartStopwatch() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed is the real time since the start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }

// Deadline is the moment d from now in real time, for the deadlines of
// connections: they guard real peers, whatever the emulator's clock says.
func Deadline(d time.Duration) time.Time { return time.Now().Add(d) }
