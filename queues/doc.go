// Package queues is Cloudflare Queues: a broker that keeps the messages of each
// queue in a journal of its own and in memory what waits for what, pushes
// batches to Workers and leases messages to those who pull.
//
// The rules are production's. A message is acknowledged when the handler
// returns, unless it was retried; a throw retries what was not acknowledged;
// after max_retries it goes to the dead letter queue or is dropped.
//
// https://developers.cloudflare.com/queues/
package queues
