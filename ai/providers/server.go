package providers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"flint/ai/inference"
	"flint/internal/cferr"
	"flint/internal/clock"
)

// Engine answers what clients of all providers ask.
type Engine interface {
	// Complete answers a text generation.
	Complete(req *inference.TextRequest) (*inference.Completion, error)
	// Run asks any model with the inputs of its task.
	Run(ctx context.Context, model string, inputs json.RawMessage, opt inference.RunOptions) (*inference.Answer, error)
}

// WorkersAPI is the part of Workers AI's own REST API that runs and finds models.
type WorkersAPI interface {
	// ServeRun answers a request to run model.
	ServeRun(w http.ResponseWriter, r *http.Request, model string)
	// Search answers a request for a list of models.
	Search(w http.ResponseWriter, r *http.Request)
}

// Server answers for AI providers, in the shapes of each. It is safe for
// concurrent use.
type Server struct {
	engine      Engine
	workersAPI  WorkersAPI
	clock       clock.Clock
	log         *slog.Logger
	GatewayLogs *gatewayLogs
}

// New makes the server for what engine answers; workers serves the part of
// Cloudflare's API that is Workers AI's own.
func New(engine Engine, workers WorkersAPI, c clock.Clock, log *slog.Logger) *Server {
	return &Server{engine: engine, workersAPI: workers, clock: c, log: log, GatewayLogs: &gatewayLogs{byID: map[string]*GatewayLog{}}}
}

// WithLog is the server with another log.
func (srv *Server) WithLog(log *slog.Logger) *Server {
	own := *srv
	own.log = log
	return &own
}

// ClientError is err as clients see it. An error without a code of Cloudflare's is
// logged, because clients only see that there was one.
func (srv *Server) ClientError(err error) *cferr.Error {
	var known *cferr.Error
	if !errors.As(err, &known) && !errors.Is(err, context.Canceled) {
		srv.log.Error("ai: internal error", "error", err)
	}
	return cferr.From(err)
}
