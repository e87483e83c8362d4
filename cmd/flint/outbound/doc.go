// Package outbound has the commands of `flint outbound`: the journal of what
// Workers fetched, and the hosts that are mocked, recorded and allowed.
// New makes the command; the gate itself is in emulator/outbound.
package outbound
