package front

import (
	"context"
	"log/slog"

	"flint/internal/clock"
	"flint/internal/rawhttp"
)

// requestInfo is what is needed of a request until it has been answered and logged.
type requestInfo struct {
	stopwatch clock.Stopwatch
	method    string
	path      string
	accept    string
	keepAlive bool // the client keeps the connection open after the response
	status    int  // 0 until a response begins
}

func newRequestInfo(req *rawhttp.Head, method, target []byte) requestInfo {
	return requestInfo{clock.StartStopwatch(), string(method), string(target), string(req.Get("Accept")), !req.Close, 0}
}

// logAccess writes the access log's line, unless no response was sent.
func (s *Server) logAccess(info *requestInfo) {
	if info.status != 0 {
		s.log.LogAttrs(context.Background(), slog.LevelInfo, EventRequest, slog.String("method", info.method),
			slog.String("path", info.path), slog.Int("status", info.status), slog.Duration("duration", info.stopwatch.Elapsed()))
	}
}
