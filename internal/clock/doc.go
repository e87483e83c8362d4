// Package clock is flint's one clock. Every service takes a Clock, and every
// timer runs on it, so that a test or a user can move time forward and see
// expiry, delays and schedules happen at once.
//
// It is the only package that may read the machine's time.
package clock
