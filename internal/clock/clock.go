package clock

import "time"

// Clock tells the time and runs functions at a later time.
type Clock interface {
	// Now is the current time of the emulator, in UTC.
	Now() time.Time
	// AfterFunc runs f on a goroutine of its own once d has passed. Advance
	// waits for f to return, so f should do the work that is due and not only
	// start it. f must not wait for Advance or Close.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a pending AfterFunc.
type Timer interface {
	// Stop keeps f from running. It reports false if f has already started or
	// will never run because the clock was closed.
	Stop() bool
}

// Since is the time that has passed on c since t.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }

// Stopwatch measures durations in real time (of requests, of the start). It does not
// follow the emulator's clock: moving that clock must not make a request look an hour
// long.
type Stopwatch struct{ start time.Time }

// StartStopwatch starts measuring.
func StartStopwatch() Stopwatch { return Stopwatch{time.Now()} }

// Elapsed is the real time since the start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }

// Deadline is the real time d from now, for deadlines of connections: their peers live
// in real time, whatever the emulator's clock says.
func Deadline(d time.Duration) time.Time { return time.Now().Add(d) }
