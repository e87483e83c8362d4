package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"flint/emulator/cron"
	"flint/emulator/front"
	"flint/internal/cferr"
)

// startCrons schedules the Workers' cron triggers.
func (e *Emulator) startCrons() error {
	e.crons = cron.New(e.services.clock, e.log)
	for i := range e.project.Workers {
		cfg := &e.project.Workers[i]
		for _, expr := range cfg.Crons {
			w, ok := e.worker(cfg.Name)
			if !ok {
				continue
			}
			if err := e.crons.Add(cfg.Name, expr, w); err != nil {
				return fmt.Errorf("%s: triggers.crons: %w", cfg.File, err)
			}
		}
	}
	e.crons.Start()
	return nil
}

// The paths on which Wrangler and Miniflare trigger a cron by hand.
var scheduledPaths = []string{"/cdn-cgi/handler/scheduled", "/cdn-cgi/local/scheduled", "/__scheduled"}

// The paths on which they hand the Worker an e-mail.
var emailPaths = []string{"/cdn-cgi/handler/email", "/cdn-cgi/local/email"}

// eventRoutes adds them for the Worker that owns the port.
func (e *Emulator) eventRoutes(next http.Handler) http.Handler {
	if len(e.project.Workers) == 0 {
		return next
	}
	name := e.project.Workers[0].Name
	routes := map[string]http.HandlerFunc{}
	for _, path := range scheduledPaths {
		routes[path] = func(w http.ResponseWriter, r *http.Request) { e.trigger(w, r, name) }
	}
	for _, path := range emailPaths {
		routes[path] = refuseEmail
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := routes[r.URL.Path]; ok {
			h(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuseEmail(w http.ResponseWriter, _ *http.Request) {
	err := cferr.NotServed("e-mails to a Worker (its email() handler)")
	http.Error(w, err.Message, err.Status)
}

// trigger answers with the handler's outcome, as text or with ?format=json. It
// takes ?cron= (default: the first one declared, else "* * * * *") and
// ?time= (ms since the epoch; default: now on the emulator's clock).
func (e *Emulator) trigger(w http.ResponseWriter, r *http.Request, name string) {
	worker, ok := e.worker(name)
	if !ok {
		http.Error(w, "flint: this Worker has no code to run", http.StatusNotFound)
		return
	}
	expr, at := r.URL.Query().Get("cron"), e.services.clock.Now()
	if expr == "" {
		expr = "* * * * *"
		if crons := e.project.Workers[0].Crons; len(crons) > 0 {
			expr = crons[0]
		}
	}
	if text := r.URL.Query().Get("time"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			http.Error(w, "flint: time must be milliseconds since the epoch", http.StatusBadRequest)
			return
		}
		at = time.UnixMilli(ms)
	}
	res, err := worker.RunScheduled(r.Context(), expr, at)
	if err != nil {
		front.WriteError(w, r.Header.Get("Accept"), err)
		return
	}
	asJSON := r.URL.Query().Get("format") == "json"
	if asJSON {
		w.Header().Set("Content-Type", "application/json")
	}
	if res.Outcome != "ok" {
		w.WriteHeader(http.StatusInternalServerError)
	}
	if asJSON {
		_ = json.NewEncoder(w).Encode(res) // the client is gone: nobody is left to tell
		return
	}
	fmt.Fprint(w, res.Outcome)
}
