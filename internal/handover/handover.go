package handover

import (
	"net"
	"sync"
)

// Listener accepts the connections that Give gives it.
type Listener struct {
	addr   net.Addr
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// NewListener returns a Listener that says it listens on addr.
func NewListener(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Give waits until c is accepted; after Close it closes c.
func (l *Listener) Give(c net.Conn) {
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

// Conn is a connection of which a part, Ahead, was read already. Only its
// reader may look at Ahead.
type Conn struct {
	net.Conn
	Ahead []byte
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.Ahead) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.Ahead)
	c.Ahead = c.Ahead[n:]
	return n, nil
}
