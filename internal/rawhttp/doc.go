// Package rawhttp is HTTP/1.1 on bytes, for what net/http cannot do or does slowly.
// Head parses the head of a usual request or response quickly; unusual ones
// it leaves to net/http. WriteStatus answers with a reason phrase, which net/http cannot
// set: workerd shows the reason phrase of a failed binding call to the Worker ("KV PUT
// failed: 400 Invalid expiration_ttl of 0. …").
package rawhttp
