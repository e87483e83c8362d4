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
	for s.connections() == 0 { // until it was accepted
		turn(loop)
	}
	s.sweep()
	turn(loop)
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

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.looped)
}

// turn waits until the loop has done what came before.
func turn(l *evloop.Loop) {
	done := make(chan bool)
	l.Do(func() { close(done) })
	<-done
}
