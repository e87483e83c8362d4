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

// Server serves the public port: ordinary requests for Workers the short way,
// everything else by net/http.
type Server struct {
	http  *http.Server
	short func(host, path string) *Site // nil: the long way
	log   *slog.Logger
	clock clock.Clock
	dates dates

	handed *handover.Listener // connections for net/http
	from   net.Listener
	loop   *evloop.Loop           // nil: a goroutine for each connection
	idle   map[string][]*upstream // by socket, the last one used most recently; the loop's own

	mu     sync.Mutex
	conns  map[net.Conn]bool  // on goroutines in the short way; true while a request is answered
	looped map[*loopConn]bool // in the loop
	closed bool
	busy   sync.WaitGroup // connections in the short way

	sweeper  clock.Timer   // closes idle connections in the loop
	patience time.Duration // how long they may idle
}

// NewServer returns a Server. long answers all requests for which short
// returns nil, and every one that is not ordinary. loop may be nil; it is the
// caller's to close, after the Server.
func NewServer(long *http.Server, short func(host, path string) *Site, loop *evloop.Loop, log *slog.Logger) *Server {
	return &Server{
		http: long, short: short, log: log, clock: clock.New(), loop: loop,
		idle: map[string][]*upstream{}, conns: map[net.Conn]bool{}, looped: map[*loopConn]bool{}, patience: idleTimeout,
	}
}

// Serve accepts connections until Shutdown; it then returns http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	done := make(chan error, 1)
	s.mu.Lock()
	s.handed, s.from = handover.NewListener(l.Addr()), l
	s.mu.Unlock()
	if s.loop != nil {
		s.sweep()
	}
	go func() { done <- s.http.Serve(s.handed) }()
	err := s.accept(l)
	s.handed.Close()
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
		if !s.enter(c) {
			continue
		}
		peer, _, err := net.SplitHostPort(c.RemoteAddr().String())
		if err != nil {
			peer = "127.0.0.1"
		}
		sc := &shortConn{Conn: c, srv: s, peer: peer}
		if s.loop != nil {
			s.toLoop(sc, nil)
			continue
		}
		sc.r = bufio.NewReaderSize(c, shortBuffer)
		go s.serve(sc)
	}
}

func (s *Server) enter(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.conns[c] = false
	s.busy.Add(1)
	return true
}

// serve answers the requests of a connection on this goroutine.
func (s *Server) serve(c *shortConn) {
	switch c.serve() {
	case long:
		s.toHTTP(c)
	case looped:
		buffered, _ := c.r.Peek(c.r.Buffered())
		s.toLoop(c, buffered)
	default:
		s.leave(c)
	}
}

// leave ends a connection that was served on a goroutine.
func (s *Server) leave(c *shortConn) {
	s.mu.Lock()
	delete(s.conns, c.Conn)
	s.mu.Unlock()
	c.Close()
	s.busy.Done()
}

// toHTTP gives a connection to net/http for the rest of its life.
func (s *Server) toHTTP(c *shortConn) {
	s.mu.Lock()
	delete(s.conns, c.Conn)
	closed := s.closed
	s.mu.Unlock()
	s.busy.Done()
	if closed {
		c.Close()
		return
	}
	buffered, _ := c.r.Peek(c.r.Buffered())
	s.handed.Deliver(&handover.Conn{Conn: c.Conn, Buffered: buffered})
}

// begin notes that c's request is being answered; false when the server closes.
func (s *Server) begin(c net.Conn) bool { return s.mark(c, true) }

// end notes that it was; false when the server closes.
func (s *Server) end(c net.Conn) bool { return s.mark(c, false) }

func (s *Server) mark(c net.Conn, answering bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = answering
	return true
}

// date appends the Date header's value.
func (s *Server) date(b []byte) []byte { return s.dates.append(b, s.clock.Now()) }

// Shutdown stops accepting, lets requests under way finish until ctx ends, and
// closes every connection.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closeConns(false)
	err := s.http.Shutdown(ctx)
	idle := make(chan struct{})
	go func() { s.busy.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
		s.closeConns(true)
		<-idle
	}
	return err
}

// Close cuts every connection.
func (s *Server) Close() error {
	s.closeConns(true)
	err := s.http.Close()
	s.busy.Wait()
	return err
}

// closeConns closes the connections that wait for a request or, with all,
// those too on which one is answered.
func (s *Server) closeConns(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.from != nil {
		s.from.Close()
	}
	if s.sweeper != nil {
		s.sweeper.Stop()
	}
	for c, answering := range s.conns {
		if all || !answering {
			c.Close()
		}
	}
	for c := range s.looped {
		s.loop.Do(func() { c.shut(all) })
	}
}
