// Package queues has the commands of `flint queues`: create, send, read, pull and
// acknowledge, consumers, pause, purge, redrive and a live view of what passes.
// Those that Wrangler has print what Wrangler prints.
// New makes the command; the rules of queues are in the service, not here.
package queues
