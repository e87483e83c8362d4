// Package shim holds the JavaScript that cannot be avoided: the entry module
// around the user's code, the dispatcher that turns flint's events into handler
// calls, D1's API, and what answers RPC for a service that speaks HTTP.
package shim
