// Package emulator is flint as a library: New, Start, Close, and RunT for
// tests. It is the one place where everything is wired together.
//
// # Start and stop
//
// emulator.New finds workerd, locks the state directory (flock), and opens the stores.
// Nothing runs. Start:
//
//  1. listen on the three ports (so a port in use is said at once), without serving
//     yet;
//  2. serve bindings.sock, bundle, write the configuration, start workerd, wait until
//     its sockets listen;
//  3. serve the three ports;
//  4. attach the consumers (queues.Consumers: those of the Wrangler files, and those
//     that the REST API added, which the journals keep), let queues deliver, start
//     cron;
//  5. watch files; write run.json; log ready.
//
// After a build error Start goes on when files are watched: requests are answered with the
// error until a save mends it.
//
// Close: the watcher ends; the three ports stop and requests under way get 5 seconds;
// cron; queues, where a batch under way gets a grace period; workerd; the bindings'
// socket, after workerd, because finishing requests still need it; the gate; then the
// stores, the last opened first, the clock, the run folder, the lock.
package emulator
