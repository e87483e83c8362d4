// Package front is the public port: it finds who answers a request (a Worker,
// its static assets, a Pages project, a public bucket), adds what Cloudflare's
// edge adds, passes bodies and WebSockets through as they come, and writes the
// access log.
package front
