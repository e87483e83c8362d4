// Package outbound is the gate that every fetch() of a Worker passes. It is
// offline by default: a request goes to a mock, to a handler inside flint, to a
// cassette, to this machine, or to a host that the user allowed; everything
// else is refused at once with a reply that says how to allow it. A journal
// keeps each call.
//
// Bodies stream both ways, redirects and compressed bodies pass as they are,
// and WebSocket upgrades pass.
package outbound
