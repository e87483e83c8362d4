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

// loopConn serves a client connection on the event loop, by the fast path. What
// it cannot do without blocking (wait for an isolate, compress a long body, read
// an exception) it leaves to a blockingConn, which answers on a goroutine and
// returns the connection to the loop. Its methods run on the loop's goroutine.
type loopConn struct {
	srv       *Server
	conn      *evloop.Conn
	clientIP  string
	loopExits int // how often the connection has left the loop

	in        []byte       // received from the client and not processed yet
	req       rawhttp.Head // points into in
	res       rawhttp.Head
	out       []byte // reused for output to workerd and to the client
	isClosing bool   // no further request is processed

	lastActivity clock.Stopwatch // since data arrived or a response ended

	// The request in flight. upstream is nil while there is none.
	requestInfo
	upstream    *upstream
	lease       worker.Lease
	encoding    string
	requestSize int // bytes of the request at the beginning of in; 0 once its response has begun
}

const (
	// maxLoopExits is how often a connection may leave the loop and return to it.
	// After that it stays on its goroutine.
	maxLoopExits = 8
	// maxPipelined is how many bytes are read from a client before the request
	// in front of them is answered.
	maxPipelined = 64 << 10
	// maxBacklog is how many bytes of a response may wait for a slow client. With
	// more, reading from workerd pauses.
	maxBacklog = 256 << 10
)

// moveToLoop moves a connection into the loop; buffered has been read from it
// already.
func (s *Server) moveToLoop(bc *blockingConn, buffered []byte) {
	c := &loopConn{srv: s, clientIP: bc.clientIP, loopExits: bc.loopExits, in: bytes.Clone(buffered)}
	nc := bc.Conn
	if handedOver, ok := nc.(*handover.Conn); ok {
		nc, c.in = handedOver.Conn, append(c.in, handedOver.Buffered...)
	}
	s.mu.Lock()
	delete(s.blockingConns, bc.Conn)
	closed := s.closed
	if !closed {
		s.loopConns[c] = true
	}
	s.mu.Unlock()
	if closed {
		bc.Close()
		s.active.Done()
		return
	}
	err := s.loop.Attach(nc, c, func(conn *evloop.Conn) {
		if c.conn = conn; c.isClosing {
			conn.Close() // the Server was closed meanwhile
			return
		}
		c.lastActivity = clock.StartStopwatch()
		c.startNextRequest()
	})
	if err != nil {
		c.release()
	}
}

// release unregisters a connection that has been closed.
func (c *loopConn) release() {
	if c.unregister(nil) {
		c.srv.active.Done()
	}
}

// unregister removes c from the Server's loop connections. A non-nil nc, on which a
// goroutine goes on, is registered in its place. False means that c had been removed.
func (c *loopConn) unregister(nc net.Conn) bool {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	if !c.srv.loopConns[c] {
		return false
	}
	delete(c.srv.loopConns, c)
	if nc != nil {
		c.srv.blockingConns[nc] = true
	}
	return true
}

// shutdown closes the connection: with now or when no request is in flight at
// once, otherwise after the response.
func (c *loopConn) shutdown(now bool) {
	c.isClosing = true
	if now || c.upstream == nil {
		c.close()
	}
}

// close closes the client's connection and aborts the request in flight.
func (c *loopConn) close() {
	if c.conn != nil {
		c.conn.Close()
	}
	c.Closed(c.conn, nil)
}

// Closed implements evloop.Handler: the client hung up or close was called.
func (c *loopConn) Closed(*evloop.Conn, error) {
	if u := c.upstream; u != nil {
		c.upstream, u.client = nil, nil
		u.conn.Close() // the Worker's request is aborted
		c.lease.Leave()
		c.srv.logAccess(&c.requestInfo)
	}
	c.release()
}

// Data implements evloop.Handler.
func (c *loopConn) Data(_ *evloop.Conn, b []byte) {
	c.in = append(c.in, b...)
	c.lastActivity = clock.StartStopwatch()
	if c.upstream == nil {
		c.startNextRequest()
	} else if len(c.in) > maxPipelined {
		c.conn.Pause()
	}
}

// Drained implements evloop.Handler: the client has received the backlog.
func (c *loopConn) Drained(*evloop.Conn) {
	if c.upstream != nil {
		c.upstream.conn.Resume()
	} else if c.isClosing {
		c.close()
	}
}

// startNextRequest processes the next request if all of it has arrived.
func (c *loopConn) startNextRequest() {
	if c.isClosing || len(c.in) == 0 {
		return
	}
	end := bytes.Index(c.in, []byte("\r\n\r\n"))
	if end < 0 {
		if len(c.in) > bufferSize {
			c.answerOnGoroutine()
		}
		return
	}
	if !c.req.Parse(c.in[:end+4]) || c.req.Unusual || c.req.Chunked || c.req.ContentLength > maxPipelined {
		c.answerOnGoroutine()
		return
	}
	c.requestSize = c.req.Size + int(max(c.req.ContentLength, 0))
	if len(c.in) < c.requestSize {
		return
	}
	if site, method, target, ok := c.srv.route(&c.req); !ok || !c.forward(site, method, target) {
		c.answerOnGoroutine()
	}
}

// forward sends the request to the Worker's isolate. False means that no isolate
// or no connection was available without waiting; nothing has been sent then.
func (c *loopConn) forward(site *Site, method, target []byte) bool {
	lease, ok := site.Worker.(Sender).Enter()
	if !ok {
		return false
	}
	u := c.srv.acquireUpstream(lease.Socket())
	if u == nil {
		lease.Leave()
		return false
	}
	c.requestInfo = newRequestInfo(&c.req, method, target)
	c.encoding = string(c.req.Get("Accept-Encoding"))
	c.out = appendRequest(c.out[:0], &c.req, method, target, c.in[c.req.Size:c.requestSize], c.clientIP, c.encoding)
	c.upstream, c.lease, u.client = u, lease, c
	_, _ = u.conn.Write(c.out) // if it fails, upstream.Closed is called
	return true
}

// dropRequest discards the request in flight: once its response has begun it
// cannot be sent again.
func (c *loopConn) dropRequest() {
	c.in = c.in[:copy(c.in, c.in[c.requestSize:])]
	c.requestSize = 0
}

// finishExchange ends a request whose response has been passed on, and goes on with
// the next one.
func (c *loopConn) finishExchange() {
	c.upstream = nil
	c.lease.Leave()
	c.srv.logAccess(&c.requestInfo)
	c.lastActivity = clock.StartStopwatch()
	if !c.keepAlive || c.isClosing {
		c.isClosing = true
		if c.conn.Pending() == 0 {
			c.close()
		}
		return
	}
	if len(c.in) <= maxPipelined {
		c.conn.Resume()
	}
	c.startNextRequest()
}

// answerOnGoroutine moves the connection out of the loop and answers the request
// from its beginning on a goroutine.
func (c *loopConn) answerOnGoroutine() {
	if bc := c.detach(0); bc != nil {
		c.srv.endRequest(bc.Conn)
		go c.srv.serve(bc)
	}
}

// closeIdleConns closes connections that have been idle for longer than
// maxIdleTime, and schedules itself again.
func (s *Server) closeIdleConns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for c := range s.loopConns {
		s.loop.Do(func() {
			if c.upstream == nil && c.conn != nil && c.lastActivity.Elapsed() > s.maxIdleTime {
				c.close()
			}
		})
	}
	s.idleTimer = s.clock.AfterFunc(idleTimeout/4, s.closeIdleConns)
}

// finishOnGoroutine moves the connection out of the loop and finishes the request
// in flight on a goroutine. response returns the Exchange to read the response
// from, or an error to answer with.
func (c *loopConn) finishOnGoroutine(response func() (*worker.Exchange, error)) {
	info, lease := c.requestInfo, c.lease
	c.upstream = nil
	bc := c.detach(c.requestSize)
	go func() {
		x, err := response()
		if err != nil {
			lease.Leave()
		}
		switch {
		case bc == nil: // the client has disconnected
			if err == nil {
				x.End(false)
			}
		case bc.sendResponse(info, x, err) && c.srv.endRequest(bc.Conn):
			c.srv.serve(bc)
		default:
			c.srv.closeBlockingConn(bc)
		}
	}()
}

// detach moves the connection out of the loop and discards the first skip bytes of
// its input. It returns nil when the client has disconnected.
func (c *loopConn) detach(skip int) *blockingConn {
	nc, unsent, err := c.conn.Detach()
	if pipelined := c.in[skip:]; err == nil && len(pipelined) > 0 {
		nc = &handover.Conn{Conn: nc, Buffered: pipelined}
	}
	if err != nil || !c.unregister(nc) {
		c.release()
		return nil
	}
	bc := &blockingConn{Conn: nc, srv: c.srv, clientIP: c.clientIP, loopExits: c.loopExits + 1, encoding: c.encoding, unsent: unsent}
	bc.r = bufio.NewReaderSize(nc, bufferSize)
	return bc
}

// abortResponse closes the client's connection after the response from workerd broke
// off, so that the response does not look complete.
func (c *loopConn) abortResponse(err error) {
	c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
	c.close()
}

// bodiless reports whether a response to a method has no body, whatever its headers
// say.
func bodiless(method string, code int) bool {
	return method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified
}
