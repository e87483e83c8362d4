// Package testkit is what tests of several packages need: log capture, a
// Worker project written from a string, waiting for an event.
package testkit
