package front

import (
	"log/slog"
	"net/http"

	"flint/internal/clock"
)

// EventRequest is the name of the access log's event. Its fields are method, path,
// status and duration.
const EventRequest = "request"

// AccessLog returns a handler that logs each request after next has answered it.
func AccessLog(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stopwatch := clock.StartStopwatch()
		rec := &statusRecorder{ResponseWriter: w}
		method, uri := r.Method, r.URL.RequestURI()
		defer func() {
			log.Info(EventRequest, "method", method, "path", uri, "status", rec.statusCode(), "duration", stopwatch.Elapsed())
		}()
		next.ServeHTTP(rec, r)
	})
}

// statusRecorder records the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach Flush and Hijack.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *statusRecorder) statusCode() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
