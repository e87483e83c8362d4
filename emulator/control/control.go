package control

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/queues"
)

// Status is what GET /_flint/health tells.
type Status struct {
	Status       string    `json:"status"` // ok, or broken while no Worker can answer
	Now          time.Time `json:"now"`    // on the emulator's clock
	PID          int       `json:"pid"`
	WorkerdPIDs  []int     `json:"workerd_pids"`
	FlintBytes   int64     `json:"flint_bytes"`   // resident memory
	WorkerdBytes int64     `json:"workerd_bytes"` // resident memory
}

// Options connect the control API with the emulator.
type Options struct {
	Clock   clock.Clock
	Advance func(ctx context.Context, by time.Duration) error // returns when all that fell due is done
	Status  func() Status
	Queues  *queues.Broker
	Closing <-chan struct{} // closed when the emulator ends: so do streams
}

// Routes adds /_flint to r. What is not served yet answers 501 with its name.
func Routes(r *mux.Router, opt Options) {
	c := &api{opt: opt, watchers: make(chan struct{}, maxWatchers)}
	s := r.PathPrefix("/_flint").Subrouter()
	s.HandleFunc("/health", c.health).Methods(http.MethodGet)
	s.HandleFunc("/clock", c.now).Methods(http.MethodGet)
	s.HandleFunc("/clock/advance", c.advance).Methods(http.MethodPost)
	s.HandleFunc("/queues/watch", c.watchQueues).Methods(http.MethodGet)
	profiles(r)
	for _, name := range []string{"reset", "seed", "snapshot", "faults", "journal", "usage"} {
		s.PathPrefix("/" + name).HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			cferr.WriteError(w, cferr.NotServed("/_flint/"+name))
		})
	}
}

// profiles serves Go's profiler at its usual paths, for those who tune flint:
// go tool pprof http://127.0.0.1:8788/debug/pprof/profile
func profiles(r *mux.Router) {
	r.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	r.HandleFunc("/debug/pprof/profile", pprof.Profile)
	r.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	r.HandleFunc("/debug/pprof/trace", pprof.Trace)
	r.PathPrefix("/debug/pprof/").HandlerFunc(pprof.Index)
}

type api struct {
	opt      Options
	watchers chan struct{} // one token for each that watches
}

func (c *api) health(w http.ResponseWriter, _ *http.Request) { writeJSON(w, c.opt.Status()) }

func (c *api) now(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{"now": c.opt.Clock.Now()})
}

// advance takes {"by":"1h30m"} and answers when everything that fell due has
// been delivered.
func (c *api) advance(w http.ResponseWriter, r *http.Request) {
	var body struct{ By string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
		cferr.WriteError(w, cferr.New(http.StatusBadRequest, 10026, `the body must be {"by":"1h30m"}`))
		return
	}
	by, err := time.ParseDuration(body.By)
	if err != nil || by < 0 {
		cferr.WriteError(w, cferr.Newf(http.StatusBadRequest, 10026, `"by" must be a positive duration such as "90s" or "1h30m", not %q`, body.By))
		return
	}
	if err := c.opt.Advance(context.WithoutCancel(r.Context()), by); err != nil {
		cferr.WriteError(w, err)
		return
	}
	c.now(w, r)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody is left to tell
}

// Guard refuses requests that a web page may have caused: a Host that is not
// this machine (DNS rebinding), an Origin that is not, or what a browser says
// that a page of another site embeds (an image has no Origin).
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocalHost(r.Host) {
			cferr.WriteError(w, cferr.Newf(http.StatusForbidden, 10000, "flint's control port answers to localhost only, not to the host %q", r.Host))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !localOrigin(origin) {
			cferr.WriteError(w, cferr.Newf(http.StatusForbidden, 10000, "flint's control port does not answer to pages of %q", origin))
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			cferr.WriteError(w, cferr.New(http.StatusForbidden, 10000, "flint's control port does not answer to pages of other sites"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func localOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && isLocalHost(u.Host)
}

// isLocalHost reports whether host, with or without a port, names this machine.
func isLocalHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
