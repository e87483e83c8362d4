package front

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"flint/internal/clock"
	"flint/internal/evloop"
	"flint/internal/handover"
)

// Server serves the public port: ordinary requests for Workers by the fast path,
// everything else by net/http.
type Server struct {
	httpServer *http.Server
	fastPath   func(host, path string) *Site // nil for a request that net/http serves
	log        *slog.Logger
	clock      clock.Clock
	dateCache  dateCache

	httpListener  *handover.Listener // passes connections on to net/http
	listener      net.Listener
	loop          *evloop.Loop           // nil: a goroutine for each connection
	idleUpstreams map[string][]*upstream // by socket, ordered by last use; only the loop's goroutine uses it

	mu            sync.Mutex
	blockingConns map[net.Conn]bool  // fast path on goroutines; true while a request is in flight
	loopConns     map[*loopConn]bool // fast path on the loop
	closed        bool
	active        sync.WaitGroup // connections on the fast path

	idleTimer   clock.Timer   // closes idle connections in the loop
	maxIdleTime time.Duration // how long they may be idle
}

// NewServer returns a Server. fastPath returns the Site of a request that may take
// the fast path. httpServer answers those for which it returns nil, and every one
// that the fast path does not handle (see the package comment). loop may be nil;
// the caller closes it after the Server.
func NewServer(httpServer *http.Server, fastPath func(host, path string) *Site, loop *evloop.Loop, log *slog.Logger) *Server {
	return &Server{
		httpServer: httpServer, fastPath: fastPath, log: log, clock: clock.New(), loop: loop,
		idleUpstreams: map[string][]*upstream{}, blockingConns: map[net.Conn]bool{}, loopConns: map[*loopConn]bool{}, maxIdleTime: idleTimeout,
	}
}

// Serve accepts connections until Shutdown; it then returns http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.httpListener, s.listener = handover.NewListener(l.Addr()), l
	s.mu.Unlock()
	if s.loop != nil {
		s.closeIdleConns()
	}
	go func() { done <- s.httpServer.Serve(s.httpListener) }()
	err := s.accept(l)
	s.httpListener.Close()
	return errors.Join(err, <-done)
}

func (s *Server) accept(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed {
				return nil
			}
			return err
		}
		if !s.register(c) {
			continue
		}
		clientIP, _, err := net.SplitHostPort(c.RemoteAddr().String())
		if err != nil {
			clientIP = "127.0.0.1"
		}
		bc := &blockingConn{Conn: c, srv: s, clientIP: clientIP}
		if s.loop != nil {
			s.moveToLoop(bc, nil)
			continue
		}
		bc.r = bufio.NewReaderSize(c, bufferSize)
		go s.serve(bc)
	}
}

func (s *Server) register(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.blockingConns[c] = false
	s.active.Add(1)
	return true
}

// serve answers requests on the calling goroutine until the connection is closed or
// moves elsewhere.
func (s *Server) serve(c *blockingConn) {
	switch c.serve() {
	case outcomeHTTP:
		s.handOverToHTTP(c)
	case outcomeLoop:
		buffered, _ := c.r.Peek(c.r.Buffered())
		s.moveToLoop(c, buffered)
	default:
		s.closeBlockingConn(c)
	}
}

// closeBlockingConn closes and unregisters a connection that a goroutine served.
func (s *Server) closeBlockingConn(c *blockingConn) {
	s.mu.Lock()
	delete(s.blockingConns, c.Conn)
	s.mu.Unlock()
	c.Close()
	s.active.Done()
}

// handOverToHTTP hands the connection over to net/http for the rest of its life.
func (s *Server) handOverToHTTP(c *blockingConn) {
	s.mu.Lock()
	delete(s.blockingConns, c.Conn)
	closed := s.closed
	s.mu.Unlock()
	s.active.Done()
	if closed {
		c.Close()
		return
	}
	buffered, _ := c.r.Peek(c.r.Buffered())
	s.httpListener.Deliver(&handover.Conn{Conn: c.Conn, Buffered: buffered})
}

// beginRequest marks c as having a request in flight; false when the Server is
// closing.
func (s *Server) beginRequest(c net.Conn) bool { return s.setAnswering(c, true) }

// endRequest marks c as idle; false when the Server is closing.
func (s *Server) endRequest(c net.Conn) bool { return s.setAnswering(c, false) }

func (s *Server) setAnswering(c net.Conn, answering bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.blockingConns[c] = answering
	return true
}

// appendDate appends the value of the Date header.
func (s *Server) appendDate(b []byte) []byte { return s.dateCache.append(b, s.clock.Now()) }

// Shutdown stops accepting connections, lets requests in flight finish until ctx
// ends, and closes every connection.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeConns(false)
	err := s.httpServer.Shutdown(ctx)
	idle := make(chan struct{})
	go func() { s.active.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
		s.closeConns(true)
		<-idle
	}
	return err
}

// Close closes every connection at once.
func (s *Server) Close() error {
	s.closeConns(true)
	err := s.httpServer.Close()
	s.active.Wait()
	return err
}

// closeConns stops accepting and closes idle connections; with now also those with
// a request in flight.
func (s *Server) closeConns(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.listener != nil {
		s.listener.Close()
	}
	if s.idleTimer != nil {
		s.idleTimer.Stop()
	}
	for c, answering := range s.blockingConns {
		if now || !answering {
			c.Close()
		}
	}
	for c := range s.loopConns {
		s.loop.Do(func() { c.shutdown(now) })
	}
}
