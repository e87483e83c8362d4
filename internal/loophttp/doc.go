// Package loophttp serves HTTP/1.1 on an event loop (internal/evloop), for peers on
// this machine that send many small requests: the binding calls of workerd.
//
// The loop reads a request with a body of at most 64 KiB and parses its head with
// little allocation (parsedRequest.parseFast). A request whose answer needs no waiting
// is answered on the loop's goroutine, by Server.AnswerOnLoop; all others on a goroutine of
// their own, by an http.Handler. A response up to 64 KiB is sent in one piece. Large
// files are sent by sendfile(2), at most 32 at once (sendSlots).
//
// A connection on which something else arrives (a larger body, an upgrade, a request
// that Server.ReadOnLoop refuses) is handed over to net/http (internal/handover) for the
// rest of its life, which serves it with the same Handler.
//
// The package knows no binding and no service.
package loophttp
