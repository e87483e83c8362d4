// Package d1 is Cloudflare D1 on SQLite: databases as plain SQLite files, the
// runtime's own limits and error texts, batches as one transaction, scripts,
// migrations, session bookmarks, the protocol of the D1 binding and D1's REST
// API. https://developers.cloudflare.com/d1/
//
// Every database has one connection that writes and a few that read, so a
// slow read never holds up a write. The package starts no goroutine that
// outlives a call.
package d1
