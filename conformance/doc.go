// Package conformance compares flint with the peer, Cloudflare's own local
// tools. A case is a folder cases/<service>/<name>/ with a Wrangler file, a
// small Worker and steps.txt: requests and expected answers. The same Worker and
// steps run on flint and on the peer, and each answer is compared with the
// expected one and with the other side's. Further Workers of a case have folders
// of their own, which its flint.toml names.
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
// "until" repeats the request until the answer is the expected one. STREAM in
// place of a method records each part of the body that arrives separately. WS
// opens a WebSocket: each line of the body is a message ("binary 00ff" for
// bytes), the expected body holds the messages that come back. The status is
// followed by the tolerances: exact, sorted, approx N, shape or status. Only the
// headers that are named are compared; "*" stands for any value and "-" for no
// such header. A new step needs a request only: -update writes the rest from the
// peer's answer. The Workers find the answer to a path by routes of cases/lib.js.
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
