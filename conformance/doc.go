// Package conformance compares flint with the peer, Cloudflare's own local
// tools. A case is a folder cases/<service>/<name>/ with a Wrangler file, a
// small Worker and steps.txt: requests and the answers that are expected. The
// same Worker and steps run on flint and on the peer, and each answer is
// compared with what is written and with the other one. More Workers of a case
// stand in folders of their own; its flint.toml names them.
//
// A step file begins with a sentence and may say "peer: wrangler" (wrangler dev
// in place of Miniflare's API) or "peer: none". Then come the steps:
//
//	### name: a sentence
//	until 10s POST /path
//	Header: value
//
//	body of the request
//	---
//	200 sorted approx 2
//	Header: value
//
//	expected body
//
// "until" asks again until the answer is as expected. STREAM in place of a
// method writes down each piece of the body that arrives by itself. WS opens a
// WebSocket: each line of the body is a message ("binary 00ff" for bytes), the
// expected body is what comes back. After the status stand the tolerances:
// exact, sorted, approx N, shape or status. Only the headers that are named are
// compared; "*" stands for any value and "-" for no such header. A new step
// needs its request only: -update writes the rest from the peer's answer. A
// path "/a/b" of a Worker answers by routes of cases/lib.js.
//
// Reading order: steps.go (the file format), compare.go (the tolerances),
// differences.go (what may differ, and why), runner.go (one case on both
// sides), peer.go (Miniflare and wrangler as processes), compat.go
// (docs/COMPAT.md).
//
//	go test ./conformance -run TestConformance -install   all cases; installs the pinned peer first
//	go test ./conformance -run TestConformance -update    rewrites expectations from the peer's answers
//	go test ./conformance -run TestConformance/kv         the cases of one service
package conformance
