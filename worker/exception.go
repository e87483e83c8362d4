package worker

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"flint/worker/shim"
)

// Exception is an uncaught exception of the Worker's fetch() handler, its
// stack pointing at the sources.
type Exception struct {
	Worker  string   `json:"worker"`  // its name
	Handler string   `json:"handler"` // fetch, queue, scheduled, waitUntil, promise
	Name    string   `json:"name"`
	Message string   `json:"message"`
	Stack   string   `json:"stack"`
	Causes  []string `json:"causes"`
}

// Error implements error.
func (e *Exception) Error() string { return "uncaught exception: " + e.Summary() }

// Summary is the exception in one line, for example "TypeError: x is not a function".
func (e *Exception) Summary() string {
	if e.Message == "" {
		return e.Name
	}
	return e.Name + ": " + e.Message
}

// Trace is the stack with those of its causes.
func (e *Exception) Trace() string {
	trace := e.Stack
	for _, c := range e.Causes {
		trace += "\ncaused by: " + c
	}
	return strings.TrimSpace(trace)
}

// maxException bounds the description of an exception.
const maxException = 1 << 20

// exceptionOf turns the response that stands for an uncaught exception into
// it; nil for every other response.
func (w *Worker) exceptionOf(g *generation, res *http.Response) *Exception {
	if res.StatusCode != http.StatusInternalServerError || res.Header.Get(shim.ExceptionHeader) != w.runtime.token {
		return nil
	}
	data, _ := io.ReadAll(io.LimitReader(res.Body, maxException))
	return parseException(data, g.builds)
}

// parseException reads a description that the entry module wrote.
func parseException(data []byte, builds []*build) *Exception {
	e := &Exception{}
	if json.Unmarshal(data, e) != nil {
		return &Exception{Name: "Error", Message: string(data)}
	}
	for _, b := range builds {
		if b.worker.Name != e.Worker {
			continue
		}
		e.Stack = b.mapStack(e.Stack)
		for i, c := range e.Causes {
			e.Causes[i] = b.mapStack(c)
		}
	}
	return e
}
