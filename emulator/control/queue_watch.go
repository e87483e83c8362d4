package control

import (
	"encoding/json"
	"net/http"
	"time"

	"flint/internal/cferr"
	"flint/queues"
)

const (
	watchBuffer = 4096 // events that a watcher may fall behind
	maxWatchers = 32   // at once
	maxWatched  = 100  // queues that one watcher names
)

// queueEvent is a line of the stream.
type queueEvent struct {
	Event       queues.EventKind `json:"event"`
	At          time.Time        `json:"at"`
	Queue       string           `json:"queue"`
	ID          string           `json:"id,omitempty"`
	Attempts    int              `json:"attempts"`
	Due         *time.Time       `json:"due,omitempty"`          // of what is delivered later
	To          string           `json:"to,omitempty"`           // the other queue
	ContentType string           `json:"content_type,omitempty"` // with a body
	Body        any              `json:"body,omitempty"`         // text and JSON as they are, bytes and v8 in base64
}

// watchQueues answers GET /_flint/queues/watch?queue=NAME&queue=… with one JSON
// object a line: first {"event":"watching"}, then what happens to the messages
// of these queues, or of all, as it happens. Nobody waits for a reader: what one
// is too slow for is left out, and a line {"event":"lost","count":N} says so.
func (c *api) watchQueues(w http.ResponseWriter, r *http.Request) {
	names := r.URL.Query()["queue"]
	if len(names) > maxWatched {
		cferr.WriteError(w, cferr.Newf(http.StatusBadRequest, 10026, "%d queues are named; name at most %d, or none for all", len(names), maxWatched))
		return
	}
	for i, name := range names {
		q, ok := c.opt.Queues.Lookup(name)
		if !ok {
			cferr.WriteError(w, cferr.Newf(http.StatusNotFound, 11000, "queue %q does not exist", name))
			return
		}
		names[i] = q.Name()
	}
	select {
	case c.watchers <- struct{}{}:
		defer func() { <-c.watchers }()
	default:
		cferr.WriteError(w, cferr.Newf(http.StatusTooManyRequests, 10026, "%d watch already; end one of them", maxWatchers))
		return
	}
	watcher := c.opt.Queues.Watch(watchBuffer, names...)
	defer watcher.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	c.streamEvents(w, r, watcher, names)
}

func (c *api) streamEvents(w http.ResponseWriter, r *http.Request, watcher *queues.Watcher, names []string) {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	flush := http.NewResponseController(w)
	if names == nil {
		names = []string{}
	}
	err := lines.Encode(map[string]any{"event": "watching", "queues": names})
	lost := uint64(0)
	for err == nil {
		if len(watcher.Events()) == 0 { // else more follows at once
			err = flush.Flush()
		}
		if now := watcher.Dropped(); err == nil && now > lost {
			err = lines.Encode(map[string]any{"event": "lost", "count": now - lost})
			lost = now
		}
		if err != nil {
			return
		}
		select {
		case e, ok := <-watcher.Events():
			if !ok {
				return
			}
			err = lines.Encode(eventLine(&e))
		case <-r.Context().Done():
			return
		case <-c.opt.Closing:
			return
		}
	}
}

func eventLine(e *queues.Event) queueEvent {
	out := queueEvent{
		Event: e.Kind, At: e.At, Queue: e.Queue, ID: e.ID, Attempts: e.Attempts,
		To: e.To, ContentType: e.ContentType,
	}
	if !e.Due.IsZero() {
		out.Due = &e.Due
	}
	switch {
	case e.ContentType == "":
	case e.ContentType == "text":
		out.Body = string(e.Body)
	case e.ContentType == "json" && json.Valid(e.Body):
		out.Body = json.RawMessage(e.Body)
	default:
		out.Body = e.Body
	}
	return out
}
