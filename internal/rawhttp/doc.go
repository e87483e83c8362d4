// Package rawhttp is HTTP/1.1 as bytes: it reads ordinary heads faster than
// net/http, and writes replies with a reason phrase of the caller's own. workerd shows the reason phrase of a failed binding call to
// the Worker ("KV PUT failed: 400 Invalid expiration_ttl of 0. …"), and
// net/http can only write the standard ones.
package rawhttp
