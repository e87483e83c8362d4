package loophttp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"flint/internal/evloop"
	"flint/internal/handover"
)

// MaxBody is the largest body, in bytes, of a request that the loop reads.
const MaxBody = 64 << 10

// Server serves what Plain takes on the loop and the rest by HTTP.
type Server struct {
	HTTP  *http.Server // its Handler answers all requests
	Loop  *evloop.Loop
	Plain func(*http.Request) bool // is this a request for the loop, by its head? It is not to be kept.
	Log   *slog.Logger

	// Now answers a request at once, if that takes neither waiting nor more
	// than some 50 µs: it is called on the loop's goroutine, and neither the
	// request nor the writer may be used after it. After false, which it
	// returns before it has done anything, the Handler is asked. nil is one that
	// answers nothing.
	Now func(http.ResponseWriter, *http.Request) bool

	handed *handover.Listener
	from   net.Listener
	turns  turns // of files

	mu     sync.Mutex
	conns  map[*conn]bool
	closed bool
	busy   sync.WaitGroup // requests that are being answered
}

// Serve accepts connections until Shutdown or Close; it then returns
// http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.conns = map[*conn]bool{}
	s.handed, s.from = handover.NewListener(l.Addr()), l
	s.mu.Unlock()
	done := make(chan error, 1)
	go func() { done <- s.HTTP.Serve(s.handed) }()
	err := s.accept(l)
	s.handed.Close()
	served := <-done
	if err == nil && errors.Is(served, net.ErrClosed) {
		served = http.ErrServerClosed // HTTP saw its listener close before it was told why
	}
	return errors.Join(err, served)
}

func (s *Server) accept(l net.Listener) error {
	for {
		nc, err := l.Accept()
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.closed {
				return nil
			}
			return err
		}
		c := &conn{srv: s, reply: reply{header: http.Header{}}}
		if !s.enter(c) {
			nc.Close()
			continue
		}
		if s.Loop.Attach(nc, c, c.attached) != nil {
			s.leave(c)
		}
	}
}

func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[c] = true
	}
	return !s.closed
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// begin counts a request in; false when the server closes.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.busy.Add(1)
	}
	return !s.closed
}

// Shutdown takes no more requests, lets those under way finish until ctx ends,
// and closes every connection.
func (s *Server) Shutdown(ctx context.Context) error {
	s.shut()
	err := s.HTTP.Shutdown(ctx)
	idle := make(chan struct{})
	go func() { s.busy.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	s.cut()
	<-idle
	return err
}

// Close cuts every connection.
func (s *Server) Close() error {
	s.shut()
	s.cut()
	err := s.HTTP.Close()
	s.busy.Wait()
	return err
}

func (s *Server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.from != nil {
		s.from.Close()
	}
}

// cut closes the connections in the loop, which ends the contexts of their requests.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		s.Loop.Do(c.end)
	}
}
