// Package cfapi is /client/v4: Cloudflare's REST API over the emulator's
// services. Each service brings its own routes; what is common to all of them
// (accounts, the token check, unknown routes) is here.
//
// https://developers.cloudflare.com/api/
package cfapi
