package control

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"

	"flint/emulator/outbound"
	"flint/internal/cferr"
)

// OutboundRoutes adds what tells about the Workers' fetch() calls:
//
//	GET    /_flint/outbound/log           the latest calls: {"calls": [ … ]}
//	GET    /_flint/outbound/log?follow=1  the same and what comes, a JSON object a line
//	DELETE /_flint/outbound/log           forget the calls so far
//	GET    /_flint/outbound/mocks         the mocks and how often each answered: {"mocks": [ … ]}
func OutboundRoutes(r *mux.Router, gate *outbound.Gate) {
	s := r.PathPrefix("/_flint/outbound").Subrouter()
	s.HandleFunc("/log", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("follow") != "" {
			followOutbound(w, r, gate)
			return
		}
		writeJSON(w, map[string]any{"calls": gate.Log()})
	}).Methods(http.MethodGet)
	s.HandleFunc("/log", func(w http.ResponseWriter, _ *http.Request) {
		gate.Clear()
		w.WriteHeader(http.StatusNoContent)
	}).Methods(http.MethodDelete)
	s.HandleFunc("/mocks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{"mocks": gate.Mocks()})
	}).Methods(http.MethodGet)
}

// followOutbound sends calls until the client leaves or flint ends.
func followOutbound(w http.ResponseWriter, r *http.Request, gate *outbound.Gate) {
	rc := http.NewResponseController(w)
	started := false
	start := func() error {
		started = true
		w.Header().Set("Content-Type", "application/x-ndjson")
		w.WriteHeader(http.StatusOK)
		return rc.Flush()
	}
	enc := json.NewEncoder(w)
	err := gate.Follow(r.Context(), start, func(e outbound.Entry) error {
		if err := enc.Encode(e); err != nil {
			return err
		}
		return rc.Flush()
	})
	if err != nil && !started {
		cferr.WriteError(w, cferr.New(http.StatusServiceUnavailable, 10026, err.Error()))
	}
}
