package front

import (
	"bufio"
	"bytes"
	"net"
	"net/http"

	"flint/internal/clock"
	"flint/internal/evloop"
	"flint/internal/handover"
	"flint/internal/rawhttp"
	"flint/worker"
)

// The short way on an event loop: the connections of all clients and those to
// workerd are served by one goroutine, as their bytes come. What the loop does
// not know (no isolate answers, a longer body that is coded on the way, an exception)
// it gives to a shortConn, which answers on a goroutine and gives the
// connection back.

// loopConn serves one client connection in the loop.
type loopConn struct {
	srv  *Server
	conn *evloop.Conn
	peer string
	odd  int // see shortConn

	in   []byte       // what the client sent and nobody has used yet
	req  rawhttp.Head // points into in
	res  rawhttp.Head
	out  []byte
	shot bool // no further request is taken

	since clock.Stopwatch // the last time that something came or was answered

	// The exchange under way; up is nil between two.
	exchange
	up       *upstream
	lease    worker.Lease
	encoding string
	size     int // of the request at the beginning of in; 0 once a response has begun
}

const (
	// maxOdd is how often a connection may leave the loop and come back.
	maxOdd = 8
	// maxAhead is how much a client may send ahead of its answers, in bytes.
	maxAhead = 64 << 10
	// maxBehind is how much of a response waits for a slow client, in bytes,
	// before no more of it is read.
	maxBehind = 256 << 10
)

// toLoop gives a connection to the loop, with what was read from it already.
func (s *Server) toLoop(sc *shortConn, ahead []byte) {
	c := &loopConn{srv: s, peer: sc.peer, odd: sc.odd, in: bytes.Clone(ahead)}
	nc := sc.Conn
	if early, ok := nc.(*handover.Conn); ok {
		nc, c.in = early.Conn, append(c.in, early.Buffered...)
	}
	s.mu.Lock()
	delete(s.conns, sc.Conn)
	closed := s.closed
	if !closed {
		s.looped[c] = true
	}
	s.mu.Unlock()
	if closed {
		sc.Close()
		s.busy.Done()
		return
	}
	err := s.loop.Attach(nc, c, func(conn *evloop.Conn) {
		if c.conn = conn; c.shot {
			conn.Close() // the Server closed meanwhile
			return
		}
		c.since = clock.StartStopwatch()
		c.take()
	})
	if err != nil {
		c.forget()
	}
}

// forget ends the connection's part in the loop.
func (c *loopConn) forget() {
	if c.unregister(nil) {
		c.srv.busy.Done()
	}
}

// unregister takes the connection out of the loop's, and notes nc in its place.
func (c *loopConn) unregister(nc net.Conn) bool {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	if !c.srv.looped[c] {
		return false
	}
	delete(c.srv.looped, c)
	if nc != nil {
		c.srv.conns[nc] = true
	}
	return true
}

// shut ends the connection: at once with all or when nothing is under way,
// else after the response.
func (c *loopConn) shut(all bool) {
	c.shot = true
	if all || c.up == nil {
		c.end()
	}
}

// end closes the connection and what it waits for.
func (c *loopConn) end() {
	if c.conn != nil {
		c.conn.Close()
	}
	c.Closed(c.conn, nil)
}

// Closed implements evloop.Handler: the client hung up.
func (c *loopConn) Closed(*evloop.Conn, error) {
	if u := c.up; u != nil {
		c.up, u.client = nil, nil
		u.conn.Close() // the Worker's request is aborted
		c.lease.Leave()
		c.srv.logAccess(&c.exchange)
	}
	c.forget()
}

// Data implements evloop.Handler.
func (c *loopConn) Data(_ *evloop.Conn, b []byte) {
	c.in = append(c.in, b...)
	c.since = clock.StartStopwatch()
	if c.up == nil {
		c.take()
	} else if len(c.in) > maxAhead {
		c.conn.Pause()
	}
}

// Drained implements evloop.Handler.
func (c *loopConn) Drained(*evloop.Conn) {
	if c.up != nil {
		c.up.conn.Resume()
	} else if c.shot {
		c.end()
	}
}

// take begins with the next request, if the whole of it is there.
func (c *loopConn) take() {
	if c.shot || len(c.in) == 0 {
		return
	}
	end := bytes.Index(c.in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(c.in) > shortBuffer {
			c.giveUp()
		}
		return
	}
	if !c.req.Parse(c.in[:end+4]) || c.req.Unusual || c.req.Chunked || c.req.Length > maxAhead {
		c.giveUp()
		return
	}
	c.size = c.req.Size + int(max(c.req.Length, 0))
	if len(c.in) < c.size {
		return
	}
	if site, method, target, ok := c.srv.route(&c.req); !ok || !c.send(site, method, target) {
		c.giveUp()
	}
}

// send passes the request on. False says that it did not begin.
func (c *loopConn) send(site *Site, method, target []byte) bool {
	lease, ok := site.Worker.(Sender).Enter()
	if !ok {
		return false
	}
	u := c.srv.upstream(lease.Socket())
	if u == nil {
		lease.Leave()
		return false
	}
	c.exchange = newExchange(&c.req, method, target)
	c.encoding = string(c.req.Get("Accept-Encoding"))
	c.out = appendRequest(c.out[:0], &c.req, method, target, c.in[c.req.Size:c.size], c.peer, c.encoding)
	c.up, c.lease, u.client = u, lease, c
	_, _ = u.conn.Write(c.out) // when it fails, upstream.Closed follows
	return true
}

// begun drops the request: it cannot be sent again.
func (c *loopConn) begun() {
	c.in = c.in[:copy(c.in, c.in[c.size:])]
	c.size = 0
}

// finish ends an exchange whose response has been passed on.
func (c *loopConn) finish() {
	c.up = nil
	c.lease.Leave()
	c.srv.logAccess(&c.exchange)
	c.since = clock.StartStopwatch()
	if !c.keep || c.shot {
		c.shot = true
		if c.conn.Pending() == 0 {
			c.end()
		}
		return
	}
	if len(c.in) <= maxAhead {
		c.conn.Resume()
	}
	c.take()
}

// giveUp lets a goroutine answer the request from its beginning.
func (c *loopConn) giveUp() {
	if sc := c.detach(0); sc != nil {
		c.srv.end(sc.Conn)
		go c.srv.serve(sc)
	}
}

// sweep closes the connections on which nothing happened for too long.
func (s *Server) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for c := range s.looped {
		s.loop.Do(func() {
			if c.up == nil && c.conn != nil && c.since.Elapsed() > s.patience {
				c.end()
			}
		})
	}
	s.sweeper = s.clock.AfterFunc(idleTimeout/4, s.sweep)
}

// settle lets a goroutine finish the exchange under way: get gives the
// Exchange to read the response from, or an error to answer with.
func (c *loopConn) settle(get func() (*worker.Exchange, error)) {
	q, lease := c.exchange, c.lease
	c.up = nil
	sc := c.detach(c.size)
	go func() {
		x, err := get()
		if err != nil {
			lease.Leave()
		}
		switch {
		case sc == nil: // the client's connection is gone
			if err == nil {
				x.End(false)
			}
		case sc.settle(q, x, err) && c.srv.end(sc.Conn):
			c.srv.serve(sc)
		default:
			c.srv.leave(sc)
		}
	}()
}

// detach takes the connection out of the loop, without the first skip bytes of
// what it sent.
func (c *loopConn) detach(skip int) *shortConn {
	nc, unsent, err := c.conn.Detach()
	if ahead := c.in[skip:]; err == nil && len(ahead) > 0 {
		nc = &handover.Conn{Conn: nc, Buffered: ahead}
	}
	if err != nil || !c.unregister(nc) {
		c.forget()
		return nil
	}
	sc := &shortConn{Conn: nc, srv: c.srv, peer: c.peer, odd: c.odd + 1, encoding: c.encoding, late: unsent}
	sc.r = bufio.NewReaderSize(nc, shortBuffer)
	return sc
}

// cut ends a response that broke off.
func (c *loopConn) cut(err error) {
	c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
	c.end()
}

// bodiless reports whether a response to method has no body whatever its
// headers say.
func bodiless(method string, code int) bool {
	return method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified
}
