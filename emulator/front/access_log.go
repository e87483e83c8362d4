package front

import (
	"log/slog"
	"net/http"

	"flint/internal/clock"
)

// EventRequest is the access log's event: method, path, status, duration.
const EventRequest = "request"

// AccessLog logs each request after next has answered it.
func AccessLog(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch := clock.StartStopwatch()
		rec := &recorder{ResponseWriter: w}
		method, uri := r.Method, r.URL.RequestURI()
		defer func() {
			log.Info(EventRequest, "method", method, "path", uri, "status", rec.code(), "duration", watch.Elapsed())
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach Flush and Hijack.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
