package assets

import "time"

// Limits of Workers static assets and of the _headers and _redirects files.
// https://developers.cloudflare.com/workers/platform/limits/#static-assets
// https://developers.cloudflare.com/workers/static-assets/headers/
// https://developers.cloudflare.com/workers/static-assets/redirects/
const (
	// MaxFileSize is the largest asset, in bytes.
	MaxFileSize = 25 << 20
	// MaxFiles is how many assets one Worker has at most.
	MaxFiles = 100_000

	maxLineLength       = 2000 // bytes of one line of _headers or _redirects
	maxHeaderRules      = 100
	maxStaticRedirects  = 2000
	maxDynamicRedirects = 100
	maxRoutingRules     = 100 // of run_worker_first
	maxRoutingRule      = 100 // bytes of one of them
)

// Bounds of flint's own.
const (
	maxCachedFile  = 256 << 10 // larger bodies are read from the file each time
	maxCachedBytes = 64 << 20  // all bodies in memory together
	maxConfigFile  = 4 << 20   // _headers, _redirects, .assetsignore

	// settleTime is how old a modification time must be before an unchanged one
	// proves an unchanged file: kernels keep it only to some milliseconds.
	settleTime = 100 * time.Millisecond
	// rulesAge is how long the rule files are taken as unchanged.
	rulesAge = 200 * time.Millisecond
)
