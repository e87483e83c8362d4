package providers

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// GatewayLog is one call through AI Gateway, as env.AI.gateway().getLog gives it.
// https://developers.cloudflare.com/ai-gateway/integrations/worker-binding-methods/
type GatewayLog struct {
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

	Gateway string
}

// gatewayLogs keeps the latest maxGatewayLogs calls, until flint ends.
type gatewayLogs struct {
	mu    sync.Mutex
	byID  map[string]*GatewayLog
	order []string // the oldest first
}

// Add keeps one; of more than MaxGatewayLogs the oldest goes.
func (l *gatewayLogs) Add(entry *GatewayLog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) >= inference.MaxGatewayLogs {
		delete(l.byID, l.order[0])
		l.order = l.order[1:]
	}
	l.byID[entry.ID] = entry
	l.order = append(l.order, entry.ID)
}

// Get is a copy of a log of a gateway, or the error 404.
func (l *gatewayLogs) Get(gateway, id string) (GatewayLog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := l.byID[id]
	if entry == nil || entry.Gateway != gateway {
		return GatewayLog{}, errNoGatewayLog
	}
	return *entry, nil
}

// Patch changes what a Worker may change in a log: score, feedback, metadata.
func (l *gatewayLogs) Patch(gateway, id string, in inference.Fields) error {
	if _, problem := in.Number("score", "number", inference.Bounds{Min: 0, Max: 100}, 0); problem != "" {
		return inference.BadInput(problem)
	}
	if v := string(in["feedback"]); in.Has("feedback") && v != "1" && v != "-1" {
		return inference.BadInput("enum " + v + " not in -1,1 at '/feedback'")
	}
	if in.Has("metadata") && !inference.IsType(in["metadata"], "object") {
		return inference.BadInput(inference.Mismatch("/metadata", "object", in["metadata"]))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	entry := l.byID[id]
	if entry == nil || entry.Gateway != gateway {
		return errNoGatewayLog
	}
	for name, to := range map[string]*json.RawMessage{"score": &entry.Score, "feedback": &entry.Feedback, "metadata": &entry.Metadata} {
		if raw, ok := in[name]; ok {
			*to = raw
		}
	}
	return nil
}

var errNoGatewayLog = cferr.New(http.StatusNotFound, 7002, "Log not found")

// ResponseCounter counts the bytes of a response and keeps its status.
type ResponseCounter struct {
	http.ResponseWriter
	status, Bytes int
}

// WriteHeader implements http.ResponseWriter.
func (c *ResponseCounter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (c *ResponseCounter) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	c.Bytes += len(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach Flush.
func (c *ResponseCounter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
