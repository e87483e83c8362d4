package worker

import (
	"bufio"
	"context"
	"net"
)

// Lease is a place at an isolate that answers, for a request that its holder
// carries over a connection of its own. It is given back by Leave, or by the
// end of the Exchange made of it.
type Lease struct {
	worker  *Worker
	isolate *isolate
}

// Enter takes a place at the isolate that has the least to do. It does not
// wait: false says that none answers at this moment.
func (w *Worker) Enter() (Lease, bool) {
	g := w.runtime.current.Load()
	if g == nil {
		return Lease{}, false
	}
	i := g.enter()
	return Lease{w, i}, i != nil
}

// Leave gives the place back.
func (l Lease) Leave() { l.isolate.leave() }

// Socket is the unix socket on which the isolate takes the Worker's requests.
func (l Lease) Socket() string { return l.worker.entry(l.isolate).path }

// IsException is Exchange.IsException.
func (l Lease) IsException(header []byte) bool { return string(header) == l.worker.runtime.token }

// Exchange goes on with an exchange that was begun on nc, of whose response r
// reads what is left. nc must be a connection to Socket.
func (l Lease) Exchange(nc net.Conn, r *bufio.Reader) *Exchange {
	return &Exchange{R: r, worker: l.worker, isolate: l.isolate, conn: &conn{Conn: nc, r: r, w: bufio.NewWriterSize(nc, bufferSize)}}
}

// Failed names the error of a connection that broke off before a response; it
// waits a moment to see whether the process has ended. The place stays taken.
func (l Lease) Failed(ctx context.Context, err error) error { return crashError(ctx, l.isolate, err) }
