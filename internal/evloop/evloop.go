package evloop

import "errors"

// ErrUnsupported says that this system has no Loop.
var ErrUnsupported = errors.New("there is no event loop on this system")

// Handler is who owns a connection. Its methods are called on the loop's
// goroutine, one at a time, and must not wait for anything.
type Handler interface {
	// Data takes what arrived; b is valid during the call only.
	Data(c *Conn, b []byte)
	// Drained says that all that Write had kept has been sent.
	Drained(c *Conn)
	// Closed says that the peer hung up (io.EOF), that the connection failed
	// or that the loop was closed. It is the last call; it does not follow a
	// Close or a Detach.
	Closed(c *Conn, err error)
}
