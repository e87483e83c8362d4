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

// Worker answers requests; *worker.Worker implements it.
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

// UsesFastPath reports whether every request of the Site goes to its Worker and the Worker is
// a Sender, so that the fast path can serve them.
func (s *Site) UsesFastPath() bool {
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

// pass sends r to the Worker and its response to the client.
func (s *Site) pass(w http.ResponseWriter, r *http.Request) {
	encoding := r.Header.Get("Accept-Encoding")
	edgeHeaders(r)
	if r.ContentLength == 0 {
		r.Body = nil
	} else {
		// A Worker may answer while it still reads the body. It cannot fail with
		// HTTP/1.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	accept := r.Header.Get("Accept")
	res, err := s.Worker.RoundTrip(r)
	if err != nil {
		if r.Context().Err() == nil { // otherwise the client has disconnected
			WriteError(w, accept, err)
		}
		return
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		s.upgrade(w, res)
		return
	}
	code := identity
	if r.Method != http.MethodHead {
		code = chooseCoding(encoding, res.StatusCode, res.ContentLength, res.Header.Get)
	}
	code.adjustHeader(res.Header)
	copyHeader(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	if err := stream(w, res, code); err != nil && r.Context().Err() == nil {
		s.Log.Warn("the Worker's response broke off: the client sees a cut connection", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler) // closes the connection, so that the body does not look complete
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

// stream copies the body. A body of unknown length is flushed as it arrives, because
// it may be a live stream. It returns no error when the client has disconnected.
func stream(w http.ResponseWriter, res *http.Response, code contentCoding) error {
	flush := func() error { return nil }
	if res.ContentLength < 0 || code != identity {
		control := http.NewResponseController(w)
		flush = func() error {
			_ = control.Flush() // the next Write returns the error
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

// join copies in both directions until both have ended or one has failed.
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
