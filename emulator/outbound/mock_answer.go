package outbound

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"flint/internal/clock"
)

// serveMock answers as a mock says: after its delay, with its fault.
func (g *Gate) serveMock(w http.ResponseWriter, r *http.Request, m *mock) {
	w.Header().Set(headerVerdict, "mock")
	if !wait(r.Context(), g.clock, m) {
		reply(w, http.StatusBadGateway, "failed", fmt.Sprintf(canceledText, r.Host))
		return
	}
	if m.fault == faultRefuse {
		panic(http.ErrAbortHandler) // closes the connection: the Worker's fetch() throws
	}
	body := m.body
	if m.file != "" {
		var err error
		if body, err = os.ReadFile(m.file); err != nil {
			g.log.Error("outbound: the file of a mock cannot be read", "mock", m.name, "error", err)
			reply(w, http.StatusBadGateway, "failed", fmt.Sprintf(mockFileText, m.name, filepath.Base(m.file)))
			return
		}
	}
	for name, values := range m.header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Length") == "" && m.status != http.StatusNoContent && m.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(m.status)
	if m.fault == faultReset {
		resetMidBody(w, body)
	}
	_, _ = w.Write(body) // the Worker is gone: nobody is left to tell
}

// resetMidBody sends half of a body and closes the connection.
func resetMidBody(w io.Writer, body []byte) {
	_, _ = w.Write(body[:len(body)/2])
	if rw, ok := w.(http.ResponseWriter); ok {
		_ = http.NewResponseController(rw).Flush()
	}
	panic(http.ErrAbortHandler)
}

// wait lets a mock's delay pass on the clock. It reports false when the Worker
// gave up, which is how a timeout ends.
func wait(ctx context.Context, c clock.Clock, m *mock) bool {
	if m.fault == faultTimeout {
		<-ctx.Done()
		return false
	}
	if m.delay == 0 {
		return true
	}
	passed := make(chan struct{})
	timer := c.AfterFunc(m.delay, func() { close(passed) })
	defer timer.Stop()
	select {
	case <-passed:
		return true
	case <-ctx.Done():
		return false
	}
}
