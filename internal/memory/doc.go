// Package memory returns memory to the system when a load is over. Go keeps the heap of
// the busiest moment until later garbage collections, which do not happen while nothing
// is allocated, and libc keeps what SQLite has freed. Watch runs in flint's process,
// wakes up after collections and releases memory once almost nothing is allocated any
// more.
package memory
