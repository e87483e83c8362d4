// Package clock is flint's one clock. Every service takes a Clock and every timer runs
// on it, so that a test or a user can move time forward and see expiry, delays and
// schedules happen at once. It is the only package that may read the machine's time.
//
// Virtual is real time plus an offset or, for tests, frozen. Advance moves from one due
// timer to the next and waits at each until the callbacks have returned, so a callback
// does its work before it returns: a queue's returns when the consumer is idle, a cron
// entry's when scheduled() has ended. No test needs a sleep.
//
// Real time is used where a real peer is waited for: deadlines of connections
// (Deadline), how long a request took (Stopwatch), the backoff before workerd is
// restarted. A Worker's Date, its setTimeout and the alarms of Durable Objects run on
// real time inside workerd.
package clock
