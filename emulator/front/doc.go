// Package front is the public port: it finds who answers a request (a Worker,
// its static assets, a Pages project, a public bucket), adds what Cloudflare's
// edge adds, passes bodies and WebSockets through as they come, and writes the
// access log.
//
// # One request
//
//  1. front.Server.accept takes the connection and gives it to the event loop
//     (internal/evloop), one goroutine that waits by epoll for all clients, all
//     connections to workerd and most of those from it. front.loopConn.Data gets what
//     the client sent.
//  2. loopConn.take → Server.route asks Emulator.short (emulator/wiring.go), which
//     asks front.Router.Find: hosts by name, then route patterns, the longest first,
//     then the first Worker. A Worker without assets before it takes the *short way*:
//     bytes to bytes, headers edited on the way.
//  3. appendRequest drops what only the edge may say (CF-*, X-Flint-*, …) and writes
//     it anew, with request.cf in X-Flint-Cf.
//  4. loopConn.send takes a place at the isolate that has the least to do
//     (worker.Lease, worker/lease.go) and writes the request to an idle connection to
//     <run>/N/s0/0.sock (front.upstream).
//  5. workerd runs __flint_entry.js, which calls the user's fetch(). env.KV.get
//     becomes GET /k on bindings.sock.
//  6. internal/loophttp reads the call in the same loop (request.ordinary, or net/http
//     for a head that is not like workerd's). bindingMux.serveNow
//     (emulator/bindings.go) cuts kv/<id> out of the header and asks a prompt binding
//     whether it can answer at once: kv.Binding.ServeNow (kv/binding_now.go) does, for
//     a small value or a list of at most 100 keys in memory, while no hook sees the
//     calls and no lock has to be waited for. The answer is then given on the loop's
//     own goroutine.
//  7. Every other call is answered on a goroutine that lives as long as the answer
//     takes: bindingMux.ServeHTTP → kv.Binding.ServeBinding → call.get
//     (kv/binding.go), which wraps the call as an intercept.Op and calls
//     intercept.Chain.Do; with no hook in place that is one atomic load.
//  8. Namespace.GetAtEdge (kv/edge.go) → Namespace.Get (kv/get.go) → driver.get
//     (kv/driver.go), here local.get → memory.get. sendEntry writes value, metadata
//     and expiry.
//  9. The Worker's response comes back on the connection of step 4. upstream.respond
//     edits its head, framing finds its end, and the body is passed on as it comes; a
//     slow client stops the reading of it. Then the connection is parked, the place
//     given back and the request logged: console.Batch writes lines that come within 8
//     ms together, and a warning at once.
//
// What the loop does not know it gives to a shortConn (loopConn.giveUp, settle), which
// does the same on a goroutine of its own and gives the connection back: no isolate
// answers at this moment (Runtime.acquire waits), a body of more than 16 KiB is coded for
// the client as the edge does (encoding.go: gzip for text; shorter ones the loop codes
// itself), an exception is shown, workerd has gone. Where the system has no epoll,
// shortConn does it all, with worker.Worker.Send (worker/exchange.go). A connection that
// has left the loop eight times stays outside.
//
// The *long way* is for the rest: static assets, other hosts, uploads that are not in the
// buffer yet, WebSockets, odd heads, the paths that trigger a cron. The connection is
// handed to net/http (internal/handover), for as long as it lives: front.AccessLog →
// Emulator.eventRoutes → Router.ServeHTTP → Site.ServeHTTP (assets or Worker) → Site.pass
// → worker.Worker.RoundTrip → pool.roundTrip. From workerd on the way is the same.
// Likewise loophttp hands over connections of bindings on which something larger than 64
// KiB comes, and those of fetch() and assets.
//
// An error of the service is a *cferr.Error with Cloudflare's code and sentence;
// binding.go writes it as workerd wants it, rest.go in the REST envelope. Any other error
// is logged and shown as Cloudflare's internal error.
//
// An uncaught exception is caught by the entry module, which answers with a marked 500
// that carries name, message and stack. The front recognises the mark (a random token of
// this process), maps the stack to the sources and writes the error page.
package front
