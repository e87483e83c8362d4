// Package shim holds the JavaScript that cannot be avoided: the entry module
// around the user's code, the dispatcher that turns flint's events into handler
// calls, D1's API, and what answers RPC for a service that speaks HTTP.
//
// # The files
//
// worker/shim is all JavaScript there is, about 470 lines:
//
//   - entry.js stands around the user's module and costs one promise a request. It
//     exists because workerd shows an uncaught exception nowhere with a stack that a
//     front could use; a tail Worker gets one, and costs about half of the requests
//     per second.
//   - dispatcher.js turns a POST into queue() or scheduled(): workerd has no socket
//     for such events, but a service binding with service_binding_extra_handlers has
//     the methods.
//   - d1_binding.js is what a Worker sees of D1 in place of workerd's own module, at
//     four fifths of its cost. If workerd's D1 has a method that it lacks, the binding
//     stays workerd's.
//   - d1_entrypoint.js stands for a database where a Worker is needed, which flint's
//     service is not: for a binding with the flag d1_binding_jsrpc, and for one that
//     was an argument of RPC. It is an entrypoint of the dispatcher.
//   - unserved.js is the binding of a kind that flint does not serve: looking at it is
//     harmless, using it throws its name.
package shim
