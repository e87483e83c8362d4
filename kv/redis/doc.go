// Package redis is the driver of KV that keeps entries in a Redis of version 6 or
// later, by URL, or in one inside this process (embedded.go: miniredis, over a pipe,
// its clock set to flint's before each call).
//
// An entry is a hash with value, metadata and expiration; a sorted set with score
// 0 has the names in their order; another has the moments of expiry. Every
// change is one script (scripts.go), so that the three agree. Scripts get flint's
// second and compare it with the entry's own: reads hide what has expired, a list
// removes what it finds expired, and a timer at the earliest expiry removes the
// rest. Redis' own expiry is set a day later: it only tidies up after a flint that
// never comes back. Calls are bounded in time and share 32 connections.
package redis
