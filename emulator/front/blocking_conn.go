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

// The short way: an ordinary HTTP/1.1 request for a Worker is handed to workerd
// and its response back as bytes, headers edited on the way. It halves what the
// front costs. Whatever is out of the ordinary (uploads that are not in the
// buffer yet, upgrades, odd heads, assets, other hosts) takes the long way
// through net/http, for the rest of the connection.

// Sender is a Worker that takes requests as bytes; *worker.Worker satisfies it.
type Sender interface {
	Send(ctx context.Context, request []byte, idle func() error) (*worker.Exchange, error)
	Enter() (worker.Lease, bool)
}

const crlf = "\r\n"

// shortConn serves one client connection on a goroutine.
type shortConn struct {
	net.Conn
	r    *bufio.Reader
	srv  *Server
	req  rawhttp.Head
	res  rawhttp.Head
	out  []byte // what goes to workerd, then what goes to the client
	peer string // the client's address without its port
	odd  int    // how often the event loop gave the connection up
	late []byte // of an earlier response, to be sent first

	encoding string // the request's Accept-Encoding
}

var errNotOrdinary = errors.New("not an ordinary request")

// next says what becomes of a connection.
type next int

const (
	over   next = iota // it is closed
	long               // net/http takes it
	looped             // the event loop takes it
)

// serve answers requests until the connection ends or somebody else takes it.
func (c *shortConn) serve() next {
	if !c.catchUp() {
		return over
	}
	for {
		if c.SetReadDeadline(clock.Deadline(idleTimeout)) != nil {
			return over
		}
		switch err := c.readHead(); {
		case errors.Is(err, errNotOrdinary):
			if c.SetReadDeadline(time.Time{}) != nil {
				return over
			}
			return long
		case err != nil:
			return over
		}
		if c.SetReadDeadline(time.Time{}) != nil {
			return over
		}
		site, method, target, ok := c.route()
		if !ok {
			return long
		}
		if !c.srv.begin(c.Conn) || !c.answer(site, method, target) || !c.srv.end(c.Conn) {
			return over
		}
		if c.srv.loop != nil && c.odd < maxOdd {
			return looped
		}
	}
}

// readHead reads until a whole head is in the buffer and parses it.
func (c *shortConn) readHead() error {
	for n := 1; ; {
		if _, err := c.r.Peek(n); err != nil {
			return err
		}
		b, _ := c.r.Peek(c.r.Buffered())
		if end := bytes.Index(b, []byte("\r\n\r\n")); end >= 0 {
			if !c.req.Parse(b[:end+4]) || c.req.Unusual || c.req.Chunked {
				return errNotOrdinary
			}
			return nil
		}
		if len(b) == c.r.Size() {
			return errNotOrdinary
		}
		n = len(b) + 1
	}
}

// route finds the Worker of the request and reports whether the short way can
// take it: its body must be in the buffer whole.
func (c *shortConn) route() (site *Site, method, target []byte, ok bool) {
	if int64(c.r.Buffered()-c.req.Size) < c.req.Length {
		return nil, nil, nil, false
	}
	return c.srv.route(&c.req)
}

// route finds the Worker of an ordinary request.
func (s *Server) route(req *rawhttp.Head) (site *Site, method, target []byte, ok bool) {
	method, rest, _ := bytes.Cut(req.First, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || req.Count("Host") != 1 || !rawhttp.Token(method) {
		return nil, nil, nil, false
	}
	if rawhttp.Is(method, "CONNECT") || bytes.Contains(target, []byte("#")) {
		return nil, nil, nil, false
	}
	path, _, _ := bytes.Cut(target, []byte("?"))
	site = s.short(string(req.Get("Host")), string(path))
	return site, method, target, site != nil
}

// catchUp sends what the loop could not send at once.
func (c *shortConn) catchUp() bool {
	if len(c.late) == 0 {
		return true
	}
	_, err := c.Write(c.late)
	c.late = nil
	return err == nil
}

// answer sends the request on and the response back. It reports whether the
// connection can be used again.
func (c *shortConn) answer(site *Site, method, target []byte) bool {
	q := newExchange(&c.req, method, target)
	c.encoding = string(c.req.Get("Accept-Encoding"))
	c.request(method, target)
	body := int(max(c.req.Length, 0))
	c.r.Discard(c.req.Size + body) // they are in the buffer: it cannot fail
	x, err := site.Worker.(Sender).Send(context.Background(), c.out, c.gone)
	return c.settle(q, x, err)
}

// settle sends back the response of x or, after err, an error.
func (c *shortConn) settle(q exchange, x *worker.Exchange, err error) bool {
	keep := q.keep && c.catchUp()
	if err == nil {
		keep, err = c.respond(x, q.method, keep, &q.status)
	}
	if err != nil {
		keep = c.fail(q.accept, keep, err, &q.status)
	}
	c.srv.logAccess(&q)
	return keep
}

// gone reports whether the client has hung up. It may not have: then a byte of
// its next request stays in the buffer.
func (c *shortConn) gone() error {
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

// request writes the request into c.out.
func (c *shortConn) request(method, target []byte) {
	var body []byte
	if c.req.Length > 0 {
		all, _ := c.r.Peek(c.req.Size + int(c.req.Length)) // it is in the buffer
		body = all[c.req.Size:]
	}
	c.out = appendRequest(c.out[:0], &c.req, method, target, body, c.peer, c.encoding)
}

// maxException bounds the description of an exception.
const maxException = 1 << 20

// exception reads the exception that a response stands for.
func (c *shortConn) exception(x *worker.Exchange) error {
	length := c.res.Length
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

// fail answers with an error page or text. It reports whether the connection
// can be used again.
func (c *shortConn) fail(accept string, keep bool, err error, status *int) bool {
	if errors.Is(err, errClient) {
		return false // it hung up while it waited
	}
	rec := httptest.NewRecorder()
	WriteError(rec, accept, err)
	*status = rec.Code
	res := rec.Result()
	c.setDate(res.Header)
	res.ContentLength = int64(rec.Body.Len())
	res.Close = !keep
	return res.Write(c) == nil && keep
}

func (c *shortConn) setDate(h http.Header) {
	if h.Get("Date") == "" {
		h.Set("Date", string(c.srv.date(nil)))
	}
}

const (
	shortBuffer = 16 << 10
	idleTimeout = 2 * time.Minute
)
