package front

import (
	"context"
	"log/slog"

	"flint/internal/clock"
	"flint/internal/rawhttp"
)

// exchange is what is kept of a request until it has been answered.
type exchange struct {
	watch  clock.Stopwatch
	method string
	path   string
	accept string
	keep   bool // the client keeps the connection open
	status int  // 0 until a response begins
}

func newExchange(req *rawhttp.Head, method, target []byte) exchange {
	return exchange{clock.StartStopwatch(), string(method), string(target), string(req.Get("Accept")), !req.Close, 0}
}

func (s *Server) logAccess(q *exchange) {
	if q.status != 0 {
		s.log.LogAttrs(context.Background(), slog.LevelInfo, EventRequest, slog.String("method", q.method),
			slog.String("path", q.path), slog.Int("status", q.status), slog.Duration("duration", q.watch.Elapsed()))
	}
}
