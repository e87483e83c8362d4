// Package memory gives memory back to the system when a load is over. Go keeps
// the heap of the busiest moment until the next collections, which do not come
// while nothing is allocated, and libc keeps what SQLite has freed.
package memory
