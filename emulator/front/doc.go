// Package front is the public port. It finds who answers a request (a Worker, its
// static assets, a Pages project, a public bucket), changes headers as Cloudflare's
// edge does, passes bodies and WebSockets on as they arrive, and writes the access
// log. It knows Workers and assets, not the services behind bindings.
//
// # The fast path
//
// A request for a Worker without assets in front of it is passed on as bytes:
//
//  1. Server.accept attaches the client's connection to the event loop
//     (internal/evloop) as a loopConn.
//  2. loopConn.startNextRequest parses the head once all of the request has arrived.
//     Server.route asks the emulator for the Site, which asks Router.Find: hosts by
//     name, then routes, the longest first, then the first Worker.
//  3. appendRequest writes the request for workerd: without headers that only the
//     edge may set (CF-*, X-Flint-*), with the edge's own and request.cf.
//  4. loopConn.forward takes a lease of the isolate that has the least to do
//     (worker.Lease) and writes the request to an idle connection to workerd's socket
//     (upstream).
//  5. upstream.startResponse edits the head of the response, framing finds the end of
//     the body, and the body is passed on as it arrives. While a client is slow the
//     upstream is paused. Then the upstream is parked, the lease ends, and the
//     request is logged.
//
// The loop must not block. A request for which no isolate is ready, a response that
// is to be compressed and has more than 16 KiB, an exception and a crash of workerd
// leave the loop: a blockingConn goes on with the connection on a goroutine, by the
// same rules, and returns it to the loop after the response, at most eight times.
// Where there is no event loop, blockingConns serve all of the fast path.
//
// # Through net/http
//
// Everything else (static assets, other handlers, bodies that are not in the buffer
// yet, WebSockets, unusual heads) is handed over to net/http (internal/handover), for
// as long as the connection lives: AccessLog, Router.ServeHTTP, Site.ServeHTTP, then
// the assets or Site.pass, which sends the request to the Worker.
//
// # Exceptions
//
// The entry module in workerd catches an uncaught exception and answers with a 500
// that is marked with a random token of this process and carries name, message and
// stack. The front recognises the mark and shows the exception as an error page, with
// the stack mapped to the sources.
package front
