package evloop

import "errors"

// ErrUnsupported is returned where flint has no event loop: on systems other
// than Linux, and for connections that have no file descriptor.
var ErrUnsupported = errors.New("there is no event loop on this system")

// Handler receives the events of one connection. Its methods are called on the
// loop's goroutine, one at a time, and must not block.
type Handler interface {
	// Data receives bytes that arrived; b is valid during the call only.
	Data(c *Conn, b []byte)
	// Drained is called when output that Write had to keep has all been sent.
	Drained(c *Conn)
	// Closed is called when the peer hung up (io.EOF), when the connection
	// failed, or when the loop was closed (net.ErrClosed). It is the last call,
	// and is not made after Conn.Close or Conn.Detach.
	Closed(c *Conn, err error)
}
