// Package cache is the Cache API of Workers (caches.default and caches.open):
// responses on disk, with freshness on flint's clock. workerd reaches it through
// cacheApiOutbound.
//
// https://developers.cloudflare.com/workers/runtime-apis/cache/
package cache
