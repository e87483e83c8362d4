// Package conformance compares flint with the peer, Cloudflare's own local
// tools. A case is a folder cases/<service>/<name>/ with a Wrangler file, a
// small Worker and steps.txt: requests and the answers that are expected. The
// same Worker and steps run on flint and on the peer, and each answer is
// compared with what is written and with the other one.
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
