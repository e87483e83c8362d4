package front

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"flint/internal/clock"
)

// Server serves the public port: ordinary requests for Workers the short way,
// everything else by net/http.
type Server struct {
	http  *http.Server
	short func(host, path string) *Site // nil: the long way
	log   *slog.Logger
	clock clock.Clock
	dates dates

	handed *handedListener // connections for net/http

	mu     sync.Mutex
	conns  map[net.Conn]bool // in the short way; true while a request is answered
	closed bool
	busy   sync.WaitGroup
}

// NewServer returns a Server. long answers all requests for which short
// returns nil, and every one that is not ordinary.
func NewServer(long *http.Server, short func(host, path string) *Site, log *slog.Logger) *Server {
	handed := &handedListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return &Server{http: long, short: short, log: log, clock: clock.New(), handed: handed, conns: map[net.Conn]bool{}}
}

// Serve accepts connections until Shutdown; it then returns http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	done := make(chan error, 1)
	s.handed.Listener = l
	go func() { done <- s.http.Serve(s.handed) }()
	err := s.accept(l)
	s.handed.stop()
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
		if s.enter(c) {
			go s.serve(c)
		}
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

func (s *Server) serve(c net.Conn) {
	peer, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		peer = "127.0.0.1"
	}
	sc := &shortConn{Conn: c, r: bufio.NewReaderSize(c, shortBuffer), srv: s, peer: peer, out: make([]byte, 0, 4<<10)}
	long := sc.serve()
	s.mu.Lock()
	delete(s.conns, c)
	long = long && !s.closed
	s.mu.Unlock()
	s.busy.Done()
	if !long {
		c.Close()
		return
	}
	select {
	case s.handed.conns <- &handedConn{Conn: c, r: sc.r}:
	case <-s.handed.closed:
		c.Close()
	}
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
	err := s.http.Shutdown(ctx) // closes the listener too
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
	for c, answering := range s.conns {
		if all || !answering {
			c.Close()
		}
	}
}

// handedListener gives net/http the connections that need the long way.
type handedListener struct {
	net.Listener
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *handedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *handedListener) Close() error {
	l.stop()
	return l.Listener.Close()
}

func (l *handedListener) stop() { l.once.Do(func() { close(l.closed) }) }

// handedConn is a connection of which a part was read already.
type handedConn struct {
	net.Conn
	r *bufio.Reader
}

// Read implements net.Conn.
func (c *handedConn) Read(p []byte) (int, error) {
	if c.r != nil && c.r.Buffered() > 0 {
		return c.r.Read(p)
	}
	c.r = nil
	return c.Conn.Read(p)
}
