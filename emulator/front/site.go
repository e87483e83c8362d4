package front

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"flint/assets"
)

// Worker answers requests; *worker.Worker satisfies it.
type Worker interface {
	RoundTrip(*http.Request) (*http.Response, error)
}

// Site is a Worker with its static assets.
type Site struct {
	Worker      Worker          // nil for an assets-only Worker
	Assets      *assets.Assets  // nil without assets
	WorkerFirst bool            // run_worker_first = true
	Routing     *assets.Routing // run_worker_first as a list; nil = assets first
	Log         *slog.Logger
}

// Short reports whether every request of the site goes to a Worker that takes
// it as bytes.
func (s *Site) Short() bool {
	_, ok := s.Worker.(Sender)
	return ok && (s.Assets == nil || s.WorkerFirst)
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Assets != nil && !s.WorkerFirst {
		switch route := s.Routing.Route(r); {
		case s.Worker == nil || route == assets.AssetsOnly:
			s.Assets.ServeHTTP(w, r)
			return
		case route == assets.Default && s.Assets.Serve(w, r):
			return
		}
	}
	s.pass(w, r)
}

// pass sends r to the Worker and its response back.
func (s *Site) pass(w http.ResponseWriter, r *http.Request) {
	encoding := r.Header.Get("Accept-Encoding")
	edgeHeaders(r)
	if r.ContentLength == 0 {
		r.Body = nil
	} else {
		// A Worker may answer while it still reads. Every HTTP/1 server has this.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	accept := r.Header.Get("Accept")
	res, err := s.Worker.RoundTrip(r)
	if err != nil {
		if r.Context().Err() == nil { // else the client has gone
			WriteError(w, accept, err)
		}
		return
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		s.upgrade(w, res)
		return
	}
	code := asIs
	if r.Method != http.MethodHead {
		code = codingFor(encoding, res.StatusCode, res.ContentLength, res.Header.Get)
	}
	code.adjust(res.Header)
	copyHeader(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	if err := stream(w, res, code); err != nil && r.Context().Err() == nil {
		s.Log.Warn("the Worker's response broke off: the client sees a cut connection", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // a cut body must not look complete
	}
}

var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func copyHeader(dst, src http.Header) {
	for name, values := range src {
		dst[name] = values
	}
	for _, name := range hopByHop {
		delete(dst, name)
	}
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// stream copies the body. A body of unknown length is flushed as it comes: it
// may be a stream that somebody watches. That the client is gone is no error.
func stream(w http.ResponseWriter, res *http.Response, code coding) error {
	flush := func() error { return nil }
	if res.ContentLength < 0 || code != asIs {
		control := http.NewResponseController(w)
		flush = func() error {
			_ = control.Flush() // an error shows at the next Write
			return nil
		}
	}
	if err := code.copy(w, flush, res.Body); !errors.Is(err, errClient) {
		return err
	}
	return nil
}

// upgrade joins the client's connection with the Worker's.
func (s *Site) upgrade(w http.ResponseWriter, res *http.Response) {
	backend, ok := res.Body.(io.ReadWriteCloser)
	if !ok {
		WriteError(w, "", errors.New("the Worker's upgraded connection cannot be written to"))
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		WriteError(w, "", err)
		return
	}
	defer client.Close()
	if err := writeSwitch(buffered.Writer, res.Header); err != nil {
		return
	}
	join(client, buffered.Reader, backend)
}

func writeSwitch(w *bufio.Writer, h http.Header) error {
	w.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	if err := h.Write(w); err != nil {
		return err
	}
	w.WriteString("\r\n")
	return w.Flush()
}

// join copies both ways until both directions ended or one failed.
func join(client net.Conn, fromClient io.Reader, backend io.ReadWriteCloser) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(backend, fromClient)
		backend.Close()
	}()
	io.Copy(client, backend)
	client.Close()
	<-done
}
