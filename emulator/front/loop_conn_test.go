//go:build linux

package front

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"flint/internal/clock"
	"flint/internal/evloop"
	"flint/internal/testkit"
)

func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	loop, err := evloop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loop.Close) // after the Server
	s := NewServer(&http.Server{}, func(string, string) *Site { return nil }, loop, slog.New(slog.DiscardHandler))
	c, err := net.Dial("tcp", testkit.Listen(t, "tcp", s.Serve, func() { s.Close() }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for s.connections() == 0 { // until the connection was accepted and attached
	}
	s.closeIdleConns()
	if n := s.connections(); n != 1 {
		t.Errorf("%d connections before they were idle for long enough", n)
	}
	s.maxIdleTime = 0
	s.closeIdleConns()
	_ = c.SetDeadline(clock.Deadline(idleTimeout / 4))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %v, want EOF", err)
	}
}

// connections counts the connections that have been attached to the loop.
func (s *Server) connections() (n int) {
	done := make(chan bool)
	s.loop.Do(func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.loopConns {
			if c.conn != nil {
				n++
			}
		}
	})
	<-done
	return n
}
