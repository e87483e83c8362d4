package handover

import (
	"net"
	"sync"
)

// Listener is a net.Listener that accepts the connections passed to Deliver.
type Listener struct {
	addr   net.Addr
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// NewListener returns a Listener whose Addr is addr.
func NewListener(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Deliver blocks until c is accepted. After Close it closes c.
func (l *Listener) Deliver(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		c.Close()
	}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.addr }

// Conn is a connection from which Buffered has been read already. Read returns
// those bytes first; only the goroutine that reads may use Buffered.
type Conn struct {
	net.Conn
	Buffered []byte
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.Buffered) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.Buffered)
	c.Buffered = c.Buffered[n:]
	return n, nil
}
