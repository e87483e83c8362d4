// Package assets serves the static files of a Worker and of a Pages project as
// Cloudflare's asset server does: HTML handling, not-found handling, _headers,
// _redirects and .assetsignore. Files may change while it serves.
//
// https://developers.cloudflare.com/workers/static-assets/
package assets
