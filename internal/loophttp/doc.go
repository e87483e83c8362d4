// Package loophttp serves HTTP/1.1 on an event loop, for peers on this machine
// that send many small requests: workerd's binding calls. A request whose body
// is small is read by the loop. What needs no waiting is answered right there,
// the rest on a goroutine that lives as long as the answer takes; everything
// else is net/http's.
package loophttp
