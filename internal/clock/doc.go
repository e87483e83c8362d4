// Package clock is flint's one clock. Every service takes a Clock, and every
// timer runs on it, so that a test or a user can move time forward and see
// expiry, delays and schedules happen at once.
//
// It is the only package that may read the machine's time.
//
// # Time that is moved
//
// internal/clock.Virtual is real time plus an offset, or frozen for tests. It is the only
// package that reads the machine's time. Every timer of every service is AfterFunc on it.
//
// Advance(d) moves from one due moment to the next. At each it starts what falls due and
// waits until those functions have returned. So a timer's function includes its work:
// queues.Queue.wake returns when the consumer is idle, a cron entry when scheduled() has
// ended. Emulator.Advance then calls Broker.Quiesce, which waits for batches that those
// deliveries made due. A test needs no sleep.
//
// Real time stays where a real peer is waited for: deadlines of connections, how long a
// request took, backoff before restarting workerd. A Worker's own Date, its setTimeout,
// and Durable Object alarms run on real time, inside workerd.
package clock
