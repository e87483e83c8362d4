// Package kv is Workers KV: namespaces of keys with values, metadata and
// expiry. By default a namespace lives in memory and is made durable by a log of
// its own; a write is acknowledged once the log has it. A Redis can take its place.
//
// https://developers.cloudflare.com/kv/
package kv
