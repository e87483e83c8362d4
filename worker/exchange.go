package worker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"flint/internal/clock"
	"flint/worker/shim"
)

// Exchange is one request and its response on a connection to workerd, as
// bytes. It is the short way: no http.Request, no copy of headers. Whoever
// holds it reads the response from R and calls End.
type Exchange struct {
	R *bufio.Reader

	worker  *Worker
	isolate *isolate
	conn    *conn
}

// Send writes a whole request (head and body) and waits for the first byte of
// the response. While the Worker (re)starts the request waits. idle is called
// now and then while nothing comes; an error from it ends the exchange.
// Errors are those of RoundTrip.
func (w *Worker) Send(ctx context.Context, request []byte, idle func() error) (*Exchange, error) {
	for dials := 1; ; dials++ {
		i, err := w.runtime.acquire(ctx)
		if err != nil {
			return nil, err
		}
		x := &Exchange{worker: w, isolate: i}
		if err = x.send(ctx, request, idle); err == nil {
			return x, nil
		}
		i.leave()
		if isDial(err) && ctx.Err() == nil && dials < maxDials {
			w.runtime.waitForOther(ctx, i.g)
			continue
		}
		var gaveUp *idleError
		if errors.As(err, &gaveUp) {
			return nil, gaveUp.error
		}
		return nil, crashError(ctx, i, err)
	}
}

// send tries an idle connection first; a new one when that had been closed.
func (x *Exchange) send(ctx context.Context, request []byte, idle func() error) error {
	p := x.worker.entry(x.isolate)
	c, err := p.get(ctx, false)
	for err == nil {
		if _, err = c.Write(request); err != nil {
			err = fmt.Errorf("%w: %w", errNoAnswer, err)
		} else {
			err = awaitByte(c, idle)
		}
		if err == nil {
			x.conn, x.R = c, c.r
			return nil
		}
		c.Close()
		method, _, _ := bytes.Cut(request, []byte(" "))
		if !errors.Is(err, errNoAnswer) || !c.reused || !Idempotent(string(method)) {
			return err
		}
		c, err = p.redial(ctx)
	}
	return err
}

// idleError wraps what idle returned.
type idleError struct{ error }

// idleInterval is how often a waiting request looks after its client.
const idleInterval = 200 * time.Millisecond

// awaitByte waits until the response begins.
func awaitByte(c *conn, idle func() error) error {
	for {
		if err := c.SetReadDeadline(clock.Deadline(idleInterval)); err != nil {
			return err
		}
		_, err := c.r.Peek(1)
		if err == nil {
			return c.SetReadDeadline(time.Time{})
		}
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			return fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		if err := idle(); err != nil {
			return &idleError{err}
		}
	}
}

// End gives the connection back; reusable says that the response was read to
// its end and that workerd keeps the connection open.
func (x *Exchange) End(reusable bool) {
	if reusable {
		x.worker.entry(x.isolate).put(x.conn)
	} else {
		x.conn.Close()
	}
	x.isolate.leave()
}

// IsException reports whether a response with this value of
// shim.ExceptionHeader stands for an uncaught exception of the Worker.
func (x *Exchange) IsException(header []byte) bool {
	return string(header) == x.worker.runtime.token
}

// Exception reads an exception from the body of such a response.
func (x *Exchange) Exception(body []byte) *Exception { return parseException(body, x.isolate.g.builds) }

// ExceptionHeader marks responses that stand for an uncaught exception.
const ExceptionHeader = shim.ExceptionHeader
