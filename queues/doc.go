// Package queues is Cloudflare Queues: a broker that keeps the messages of each
// queue in a journal of its own and in memory what waits for what, pushes
// batches to Workers and leases messages to those who pull.
//
// The rules are production's. A message is acknowledged when the handler
// returns, unless it was retried; a throw retries what was not acknowledged;
// after max_retries it goes to the dead letter queue or is dropped.
//
// https://developers.cloudflare.com/queues/
//
// # One message
//
//  1. env.QUEUE.send() arrives at queues.Binding.ServeBinding. The batch is checked,
//     written to the queue's journal (Queue.commitSends, queues/journal) and then
//     acknowledged. Concurrent senders share one append (wal.Group). The body stays in
//     the journal; memory holds 64 bytes of each message, with the place of its body.
//  2. Queue.dispatch looks whether a batch is due: full, or its first message has waited
//     for max_batch_timeout. If not, Queue.setTimer sets one timer on the emulator's
//     clock to the next moment at which something falls due.
//  3. Consumer.takeBatch forms the batch, journals the attempt and reads the bodies.
//     Consumer.deliver calls Worker.DeliverQueue (worker/events.go).
//  4. DeliverQueue posts the batch as JSON to events.sock. The dispatcher calls
//     env.<worker>.queue(name, messages) and answers with the outcome that workerd
//     reports: explicit acks, retries with delays, ackAll, retryAll, or an exception.
//  5. Consumer.settle applies the outcome, in one journal record: removed, retried at a
//     later moment, or on the way to the dead letter queue.
//
// A handler has 15 minutes of real time. Then the batch counts as failed with
// exceededWallTime and all of it is retried, also what ack() had been called on: workerd
// reports explicit acks when the handler ends, not before. Without max_concurrency one
// more batch runs at once for each ten full ones that wait, eight at most
// (Consumer.maxRunning), and one alone while batches fail.
//
// A pull consumer replaces steps 2 to 5 by Queue.Pull and Queue.Settle. A lease is in the
// journal and outlives a restart; when it runs out the message is retried as if a batch
// had failed. Dead letters, and redriven messages, are marked in the journal of the queue
// they leave, written to the other one, removed from the first, and only then delivered: a
// crash finds each in one of the two (queues/dead_letter.go). Once most of a journal is
// garbage it is rewritten in the background (queues/compact.go), in steps, unless it is
// being drained. Broker.Watch gives out events; a watcher that reads too slowly loses
// events and delays nothing.
//
// If the Worker could not be reached, or has no queue() handler, the attempt does not
// count, and the next one waits (100 ms, doubling, at most 30 s; a reload wakes it). If
// workerd went away under the batch it counts as an exception, so a message that crashes
// workerd is not delivered for ever. What was not settled when flint ends is delivered
// again after the next start.
//
// A queue has one consumer. queues.Consumers holds those that the Wrangler files declare,
// which win, and those that the REST API added; it attaches them to the broker at the
// start, and anew when a file changes. The commands open the same state when no flint
// runs: there the consumers are known and nothing is delivered.
package queues
