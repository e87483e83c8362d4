package ai

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"flint/internal/cferr"
)

// gatewayLog is one call through AI Gateway, as env.AI.gateway().getLog gives it.
// https://developers.cloudflare.com/ai-gateway/integrations/worker-binding-methods/
type gatewayLog struct {
	ID           string          `json:"id"`
	Provider     string          `json:"provider"`
	Model        string          `json:"model"`
	Path         string          `json:"path"`
	Duration     int64           `json:"duration"` // ms
	RequestType  string          `json:"request_content_type"`
	Status       int             `json:"status_code"`
	ResponseType string          `json:"response_content_type"`
	Success      bool            `json:"success"`
	Cached       bool            `json:"cached"`
	TokensIn     int             `json:"tokens_in"`
	TokensOut    int             `json:"tokens_out"`
	Metadata     json.RawMessage `json:"metadata,omitempty"`
	Step         int             `json:"step"`
	RequestSize  int             `json:"request_size"`
	RequestHead  bool            `json:"request_head_complete"`
	ResponseSize int             `json:"response_size"`
	ResponseHead bool            `json:"response_head_complete"`
	CreatedAt    time.Time       `json:"created_at"`
	Score        json.RawMessage `json:"score,omitempty"`
	Feedback     json.RawMessage `json:"feedback,omitempty"`

	gateway string
}

// gatewayLogs keeps the latest maxGatewayLogs calls, until flint ends.
type gatewayLogs struct {
	mu    sync.Mutex
	byID  map[string]*gatewayLog
	order []string // the oldest first
}

func (l *gatewayLogs) add(one *gatewayLog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) >= maxGatewayLogs {
		delete(l.byID, l.order[0])
		l.order = l.order[1:]
	}
	l.byID[one.ID] = one
	l.order = append(l.order, one.ID)
}

// get is a copy of a log of a gateway, or 404.
func (l *gatewayLogs) get(gateway, id string) (gatewayLog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.byID[id]
	if one == nil || one.gateway != gateway {
		return gatewayLog{}, errNoGatewayLog
	}
	return *one, nil
}

// patch changes what a Worker may change of a log: score, feedback, metadata.
func (l *gatewayLogs) patch(gateway, id string, in fields) error {
	if _, problem := in.number("score", "number", bounds{0, 100}, 0); problem != "" {
		return badInput(problem)
	}
	if v := string(in["feedback"]); in.has("feedback") && v != "1" && v != "-1" {
		return badInput("enum " + v + " not in -1,1 at '/feedback'")
	}
	if in.has("metadata") && !isType(in["metadata"], "object") {
		return badInput(mismatch("/metadata", "object", in["metadata"]))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.byID[id]
	if one == nil || one.gateway != gateway {
		return errNoGatewayLog
	}
	for name, to := range map[string]*json.RawMessage{"score": &one.Score, "feedback": &one.Feedback, "metadata": &one.Metadata} {
		if raw, ok := in[name]; ok {
			*to = raw
		}
	}
	return nil
}

var errNoGatewayLog = cferr.New(http.StatusNotFound, 7002, "Log not found")

// counted measures an answer on its way out.
type counted struct {
	http.ResponseWriter
	status, size int
}

// WriteHeader implements http.ResponseWriter.
func (c *counted) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	c.size += len(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach Flush.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
