package front

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"flint/internal/clock"
	"flint/internal/rawhttp"
	"flint/worker"
)

// Sender is a Worker that takes requests as bytes, which the fast path needs;
// *worker.Worker satisfies it.
type Sender interface {
	// Send sends a request and returns the Exchange to read its response from. It
	// may wait for an isolate, and then gives up when idle returns an error.
	Send(ctx context.Context, request []byte, idle func() error) (*worker.Exchange, error)
	// Enter returns a lease of an isolate for one request; false when none is
	// available without waiting.
	Enter() (worker.Lease, bool)
}

const crlf = "\r\n"

// blockingConn serves a client connection by the fast path on a goroutine, with
// blocking reads and writes.
type blockingConn struct {
	net.Conn
	r         *bufio.Reader
	srv       *Server
	req       rawhttp.Head
	res       rawhttp.Head
	out       []byte // reused for output to workerd, then to the client
	clientIP  string // the client's address without its port
	loopExits int    // how often the connection has left the event loop
	unsent    []byte // output that the loop had not sent yet

	encoding string // the request's Accept-Encoding
}

var errNotFastPath = errors.New("not a request for the fast path")

// outcome says where a connection goes after blockingConn.serve.
type outcome int

const (
	outcomeClosed outcome = iota // it is to be closed
	outcomeHTTP                  // to net/http
	outcomeLoop                  // back to the event loop
)

// serve answers requests until the connection ends or has to go elsewhere.
func (c *blockingConn) serve() outcome {
	if !c.sendUnsent() {
		return outcomeClosed
	}
	for {
		if c.SetReadDeadline(clock.Deadline(idleTimeout)) != nil {
			return outcomeClosed
		}
		switch err := c.readHead(); {
		case errors.Is(err, errNotFastPath):
			if c.SetReadDeadline(time.Time{}) != nil {
				return outcomeClosed
			}
			return outcomeHTTP
		case err != nil:
			return outcomeClosed
		}
		if c.SetReadDeadline(time.Time{}) != nil {
			return outcomeClosed
		}
		site, method, target, ok := c.route()
		if !ok {
			return outcomeHTTP
		}
		if !c.srv.beginRequest(c.Conn) || !c.roundTrip(site, method, target) || !c.srv.endRequest(c.Conn) {
			return outcomeClosed
		}
		if c.srv.loop != nil && c.loopExits < maxLoopExits {
			return outcomeLoop
		}
	}
}

// readHead reads until the whole head of a request is in the buffer, and parses it.
func (c *blockingConn) readHead() error {
	for n := 1; ; {
		if _, err := c.r.Peek(n); err != nil {
			return err
		}
		b, _ := c.r.Peek(c.r.Buffered())
		if end := bytes.Index(b, []byte("\r\n\r\n")); end >= 0 {
			if !c.req.Parse(b[:end+4]) || c.req.Unusual || c.req.Chunked {
				return errNotFastPath
			}
			return nil
		}
		if len(b) == c.r.Size() {
			return errNotFastPath
		}
		n = len(b) + 1
	}
}

// route finds the Site of the request and reports whether the fast path can serve
// it: all of its body must be in the buffer.
func (c *blockingConn) route() (site *Site, method, target []byte, ok bool) {
	if int64(c.r.Buffered()-c.req.Size) < c.req.ContentLength {
		return nil, nil, nil, false
	}
	return c.srv.route(&c.req)
}

// route finds the Site of a request; ok is false when it is for net/http.
func (s *Server) route(req *rawhttp.Head) (site *Site, method, target []byte, ok bool) {
	method, rest, _ := bytes.Cut(req.StartLine, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || req.Count("Host") != 1 || !rawhttp.IsToken(method) {
		return nil, nil, nil, false
	}
	if rawhttp.Is(method, "CONNECT") || bytes.Contains(target, []byte("#")) {
		return nil, nil, nil, false
	}
	path, _, _ := bytes.Cut(target, []byte("?"))
	site = s.fastPath(string(req.Get("Host")), string(path))
	return site, method, target, site != nil
}

// sendUnsent sends output that the loop had not sent before the connection left it.
func (c *blockingConn) sendUnsent() bool {
	if len(c.unsent) == 0 {
		return true
	}
	_, err := c.Write(c.unsent)
	c.unsent = nil
	return err == nil
}

// roundTrip sends the request to the Worker and its response to the client. It
// reports whether the connection can be reused.
func (c *blockingConn) roundTrip(site *Site, method, target []byte) bool {
	info := newRequestInfo(&c.req, method, target)
	c.encoding = string(c.req.Get("Accept-Encoding"))
	c.buildRequest(method, target)
	body := int(max(c.req.ContentLength, 0))
	c.r.Discard(c.req.Size + body) // cannot fail: they are in the buffer
	x, err := site.Worker.(Sender).Send(context.Background(), c.out, c.checkClient)
	return c.sendResponse(info, x, err)
}

// sendResponse sends the client the response of x or, if err is not nil, an error.
func (c *blockingConn) sendResponse(info requestInfo, x *worker.Exchange, err error) bool {
	keepAlive := info.keepAlive && c.sendUnsent()
	if err == nil {
		keepAlive, err = c.passResponse(x, info.method, keepAlive, &info.status)
	}
	if err != nil {
		keepAlive = c.sendError(info.accept, keepAlive, err, &info.status)
	}
	c.srv.logAccess(&info)
	return keepAlive
}

// checkClient returns errClient when the client has hung up. It tries to read, so the
// beginning of a pipelined request may then be in the buffer.
func (c *blockingConn) checkClient() error {
	if c.r.Buffered() > 0 {
		return nil
	}
	if c.SetReadDeadline(clock.Deadline(time.Millisecond)) != nil {
		return errClient
	}
	_, err := c.r.Peek(1)
	var timeout net.Error
	if err != nil && (!errors.As(err, &timeout) || !timeout.Timeout()) {
		return errClient
	}
	return c.SetReadDeadline(time.Time{})
}

// buildRequest writes the request for workerd into c.out.
func (c *blockingConn) buildRequest(method, target []byte) {
	var body []byte
	if c.req.ContentLength > 0 {
		buffered, _ := c.r.Peek(c.req.Size + int(c.req.ContentLength)) // it is in the buffer
		body = buffered[c.req.Size:]
	}
	c.out = appendRequest(c.out[:0], &c.req, method, target, body, c.clientIP, c.encoding)
}

// maxException is the longest description of an exception that is read, in bytes.
const maxException = 1 << 20

// readException reads the exception that a marked response describes.
func (c *blockingConn) readException(x *worker.Exchange) error {
	length := c.res.ContentLength
	if length < 0 || length > maxException {
		x.End(false)
		return fmt.Errorf("an exception described in %d bytes", length)
	}
	x.R.Discard(c.res.Size)
	body := make([]byte, length)
	_, err := io.ReadFull(x.R, body)
	if err == nil {
		err = x.Exception(body)
		x.End(true)
		return err
	}
	x.End(false)
	return &worker.CrashError{Err: err}
}

// sendError answers with an error page or text. It reports whether the connection
// can be reused.
func (c *blockingConn) sendError(accept string, keepAlive bool, err error, status *int) bool {
	if errors.Is(err, errClient) {
		return false // the client hung up while it waited for an isolate
	}
	rec := httptest.NewRecorder()
	WriteError(rec, accept, err)
	*status = rec.Code
	res := rec.Result()
	c.setDate(res.Header)
	res.ContentLength = int64(rec.Body.Len())
	res.Close = !keepAlive
	return res.Write(c) == nil && keepAlive
}

func (c *blockingConn) setDate(h http.Header) {
	if h.Get("Date") == "" {
		h.Set("Date", string(c.srv.appendDate(nil)))
	}
}

const (
	bufferSize  = 16 << 10        // bytes of a connection's buffer, and of the largest head on the fast path
	idleTimeout = 2 * time.Minute // how long a client's connection may be idle
)
