//go:build linux

package front

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"flint/internal/clock"
	"flint/internal/evloop"
)

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	loop, err := evloop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(&http.Server{}, func(string, string) *Site { return nil }, loop, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for s.connections() == 0 { // until it was accepted and attached
	}
	s.sweep()
	if n := s.connections(); n != 1 {
		t.Errorf("%d connections after a sweep that came too early", n)
	}
	s.patience = 0
	s.sweep()
	_ = c.SetDeadline(clock.Deadline(idleTimeout / 4))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %v, want EOF", err)
	}
	s.Close()
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// connections counts those that the loop has, after what it had to do before.
func (s *Server) connections() (n int) {
	done := make(chan bool)
	s.loop.Do(func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.looped {
			if c.conn != nil {
				n++
			}
		}
	})
	<-done
	return n
}
