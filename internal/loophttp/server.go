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

// Server serves HTTP/1.1 on an event loop. Requests that ReadOnLoop does not accept, and
// those with a body of more than MaxBody, are served by HTTP.
type Server struct {
	HTTP *http.Server // its Handler answers all requests that AnswerOnLoop does not
	Loop *evloop.Loop
	Log  *slog.Logger

	// ReadOnLoop reports, by its head, whether the loop may read a request. It must not
	// keep the request.
	ReadOnLoop func(*http.Request) bool

	// AnswerOnLoop may answer a request on the loop's goroutine. It must neither block nor
	// take more than some 50 µs, and the request and the writer must not be used
	// after it has returned. It returns false, before it has done anything, to have
	// the Handler answer on a goroutine. It may be nil.
	AnswerOnLoop func(http.ResponseWriter, *http.Request) bool

	httpListener *handover.Listener
	listener     net.Listener
	fileSlots    sendSlots // limits the files that are sent at once

	mu     sync.Mutex
	conns  map[*conn]bool
	closed bool
	active sync.WaitGroup // requests in flight
}

// Serve accepts connections until Shutdown or Close; it then returns
// http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.conns = map[*conn]bool{}
	s.httpListener, s.listener = handover.NewListener(l.Addr()), l
	s.mu.Unlock()
	done := make(chan error, 1)
	go func() { done <- s.HTTP.Serve(s.httpListener) }()
	err := s.accept(l)
	s.httpListener.Close()
	served := <-done
	if err == nil && errors.Is(served, net.ErrClosed) {
		served = http.ErrServerClosed // its listener was closed before HTTP was shut down
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
		c := &conn{srv: s, response: responseWriter{header: http.Header{}}}
		if !s.register(c) {
			nc.Close()
			continue
		}
		if s.Loop.Attach(nc, c, c.attached) != nil {
			s.unregister(c)
		}
	}
}

func (s *Server) register(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[c] = true
	}
	return !s.closed
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// beginRequest counts a request as in flight; false when the Server is closing.
func (s *Server) beginRequest() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.active.Add(1)
	}
	return !s.closed
}

// Shutdown accepts no more requests, lets those in flight finish until ctx ends, and
// closes every connection.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopAccepting()
	err := s.HTTP.Shutdown(ctx)
	idle := make(chan struct{})
	go func() { s.active.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	s.closeConns()
	<-idle
	return err
}

// Close closes every connection at once and waits for the handlers.
func (s *Server) Close() error {
	s.stopAccepting()
	s.closeConns()
	err := s.HTTP.Close()
	s.active.Wait()
	return err
}

func (s *Server) stopAccepting() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.listener != nil {
		s.listener.Close()
	}
}

// closeConns closes the connections on the loop, which cancels the contexts of their
// requests.
func (s *Server) closeConns() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		s.Loop.Do(c.close)
	}
}
