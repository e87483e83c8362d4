package outbound

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"flint/internal/clock"
)

// Entry is one fetch() of a Worker, as the journal keeps it.
type Entry struct {
	Number int64     `json:"n"`    // from 1
	Time   time.Time `json:"time"` // on flint's clock, when it began
	Worker string    `json:"worker"`
	Method string    `json:"method"`
	URL    string    `json:"url"` // without secrets
	By     string    `json:"by"`  // who answered: worker NAME, bucket NAME, page NAME, ai HOST, mock NAME, cassette FILE, network, machine, refused
	Status int       `json:"status"`
	Bytes  int64     `json:"bytes"` // of the answer's body
	Millis float64   `json:"ms"`    // real time until the body ended
	Error  string    `json:"error,omitempty"`
}

// journal keeps the latest calls and tells followers of new ones.
type journal struct {
	mu      sync.Mutex
	entries []Entry // a ring once it is full
	count   int64   // calls so far
	first   int64   // calls before the ring was begun
	follow  map[chan Entry]struct{}
}

func (j *journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count++
	e.Number = j.count
	if len(j.entries) < journalEntries {
		j.entries = append(j.entries, e)
	} else {
		j.entries[(j.count-1-j.first)%journalEntries] = e
	}
	for c := range j.follow {
		select {
		case c <- e:
		default: // a follower that does not keep up misses this one; the numbers show it
		}
	}
}

// list is what is kept, the oldest first.
func (j *journal) list() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ordered()
}

func (j *journal) ordered() []Entry {
	out := make([]Entry, 0, len(j.entries))
	if len(j.entries) < journalEntries {
		return append(out, j.entries...)
	}
	at := (j.count - j.first) % journalEntries
	return append(append(out, j.entries[at:]...), j.entries[:at]...)
}

// subscribe is the list and, from then on, what is added. ok is false when too
// many follow already.
func (j *journal) subscribe() (entries []Entry, added chan Entry, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.follow) >= maxFollowers {
		return nil, nil, false
	}
	if j.follow == nil {
		j.follow = map[chan Entry]struct{}{}
	}
	added = make(chan Entry, followBacklog)
	j.follow[added] = struct{}{}
	return j.ordered(), added, true
}

func (j *journal) unsubscribe(added chan Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.follow, added)
}

// Log is the latest calls, the oldest first: at most 1000.
func (g *Gate) Log() []Entry { return g.journal.list() }

// Clear forgets the calls so far; numbers go on.
func (g *Gate) Clear() {
	g.journal.mu.Lock()
	defer g.journal.mu.Unlock()
	g.journal.entries, g.journal.first = nil, g.journal.count
}

// Follow calls begun once it listens, then each with the latest calls and then with every new one, until
// ctx ends, the gate is silenced, or one of them returns an error, which it returns.
func (g *Gate) Follow(ctx context.Context, begun func() error, each func(Entry) error) error {
	entries, added, ok := g.journal.subscribe()
	if !ok {
		return errTooManyFollowers
	}
	defer g.journal.unsubscribe(added)
	if err := begun(); err != nil {
		return err
	}
	for _, e := range entries {
		if err := each(e); err != nil {
			return err
		}
	}
	for {
		select {
		case e := <-added:
			if err := each(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		case <-g.followersEnded:
			return nil
		}
	}
}

// observed counts what an answer consists of.
type observed struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (o *observed) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// Hijack implements http.Hijacker: a WebSocket's answer is written past
// WriteHeader.
func (o *observed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if o.status == 0 {
		o.status = http.StatusSwitchingProtocols
	}
	return http.NewResponseController(o.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach Flush.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// note begins an entry; the function that it returns ends it.
func (g *Gate) note(r *http.Request, to target, worker string, o *observed, by *string) func() {
	shown := redactURLs(fullURL(to, r))
	e := Entry{Time: g.clock.Now(), Worker: worker, Method: r.Method, URL: shown[:min(len(shown), maxURLShown)]}
	watch := clock.StartStopwatch()
	return func() {
		e.By, e.Status, e.Bytes = *by, o.status, o.bytes
		e.Millis = float64(watch.Elapsed().Microseconds()) / 1000
		if e.Status == 0 {
			e.Error = "no answer"
		}
		g.journal.add(e)
	}
}
