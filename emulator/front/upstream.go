package front

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"flint/internal/clock"
	"flint/internal/evloop"
	"flint/worker"
)

// upstream is a connection to workerd in the loop.
type upstream struct {
	srv    *Server
	conn   *evloop.Conn
	socket string
	client *loopConn // nil while it is idle
	reused bool
	parked clock.Stopwatch

	in     []byte // a head of which more is to come
	begun  bool   // the head has been passed on
	framed framing
	reuse  bool // workerd keeps the connection open
}

const (
	// maxParked is how long an idle connection is used again: workerd closes
	// it after five seconds.
	maxParked = 4 * time.Second
	maxIdle   = 512 // connections to one socket
)

// upstream is an idle connection to a socket or a new one; nil when none can
// be had without waiting.
func (s *Server) upstream(socket string) *upstream {
	idle := s.idle[socket]
	if last := len(idle) - 1; last >= 0 {
		u := idle[last]
		s.idle[socket] = idle[:last]
		if u.parked.Elapsed() < maxParked {
			u.reused = true
			return u
		}
		u.conn.Close()
		for _, older := range idle[:last] {
			older.conn.Close()
		}
		delete(s.idle, socket)
	}
	u := &upstream{srv: s, socket: socket}
	var err error
	if u.conn, err = s.loop.DialUnix(socket, u); err != nil {
		return nil
	}
	return u
}

// park keeps the connection for the next request.
func (u *upstream) park() {
	u.client, u.begun = nil, false
	if len(u.srv.idle[u.socket]) >= maxIdle {
		u.conn.Close()
		return
	}
	u.parked = clock.StartStopwatch()
	u.srv.idle[u.socket] = append(u.srv.idle[u.socket], u)
}

// Closed implements evloop.Handler.
func (u *upstream) Closed(_ *evloop.Conn, err error) {
	c := u.client
	switch {
	case c == nil:
		u.unpark()
	case !u.begun:
		u.failed(err)
	case u.framed.toEnd && err == io.EOF:
		c.keep = false
		c.finish()
	default:
		c.cut(err)
	}
}

func (u *upstream) unpark() {
	idle := u.srv.idle[u.socket]
	for i, other := range idle {
		if other == u {
			idle = append(idle[:i], idle[i+1:]...)
			break
		}
	}
	if len(idle) == 0 {
		delete(u.srv.idle, u.socket)
	} else {
		u.srv.idle[u.socket] = idle
	}
}

// failed deals with a connection that ended before the response. When workerd
// had closed it while it was idle, the request can be sent again.
func (u *upstream) failed(cause error) {
	c := u.client
	if u.reused && len(u.in) == 0 && worker.Idempotent(c.method) {
		c.up = nil
		c.lease.Leave()
		c.giveUp()
		return
	}
	lease := c.lease
	c.settle(func() (*worker.Exchange, error) { return nil, lease.Failed(context.Background(), cause) })
}

// Drained implements evloop.Handler.
func (u *upstream) Drained(*evloop.Conn) {}

// Data implements evloop.Handler.
func (u *upstream) Data(_ *evloop.Conn, b []byte) {
	if u.client == nil {
		u.unpark()
		u.conn.Close() // nobody asked for anything
		return
	}
	if u.begun {
		u.pass(nil, b)
		return
	}
	if len(u.in) > 0 {
		b = append(u.in, b...)
	}
	code, rest, err := u.head(b)
	switch {
	case err != nil && !errors.Is(err, errMore):
		u.conn.Close()
		u.reused = false // it was answered: the request is not sent again
		u.failed(err)
	case err != nil && len(b) <= shortBuffer:
		u.in = append(u.in[:0], b...)
	case err != nil: // a head larger than the buffer
		u.hand(b)
	default:
		u.in = nil
		u.respond(code, rest)
	}
}

var errMore = errors.New("more of the head is to come")

// head parses the head of the final response into the client's res. rest
// begins with it.
func (u *upstream) head(b []byte) (code int, rest []byte, err error) {
	res := &u.client.res
	for {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, b, errMore
		}
		if !res.Parse(b[:end+4]) || len(res.First) < len("HTTP/1.1 200") {
			return 0, b, fmt.Errorf("malformed response %.100q", b)
		}
		if code, err = strconv.Atoi(string(res.First[9:12])); err != nil || code >= 200 {
			return code, b, err
		}
		b = b[res.Size:] // an interim response
	}
}

// respond passes the head in b on, and what follows it.
func (u *upstream) respond(code int, b []byte) {
	c := u.client
	mark := c.res.Get(worker.ExceptionHeader)
	if code == http.StatusInternalServerError && mark != nil && c.lease.IsException(mark) {
		u.hand(b)
		return
	}
	none := bodiless(c.method, code)
	coded := asIs
	if c.method != http.MethodHead {
		coded = codingFor(c.encoding, code, c.res.Length, headGetter(&c.res))
	}
	short := coded == compress && c.res.Length >= 0 && c.res.Length <= maxCodedHere && int64(len(b)-c.res.Size) >= c.res.Length
	if coded != asIs && !short {
		u.hand(b)
		return
	}
	u.framed.begin(&c.res, none)
	u.reuse = !c.res.Close && !u.framed.toEnd
	c.keep = c.keep && !u.framed.toEnd
	c.status = code
	u.begun = true
	c.begun()
	if short {
		u.compressed(b[c.res.Size:])
		return
	}
	c.out = c.srv.appendResponseHead(c.out[:0], &c.res, c.keep && !c.shot)
	u.pass(c.out, b[c.res.Size:])
}

// compressed sends the client a response, all of whose body is in b, in its
// coded form.
func (u *upstream) compressed(b []byte) {
	c := u.client
	n, done, err := u.framed.next(b)
	c.out = c.srv.appendCompressed(c.out[:0], &c.res, c.keep && !c.shot, b[:n])
	if _, werr := c.conn.Write(c.out); werr != nil {
		c.end()
		return
	}
	u.passed(n == len(b), done, err)
}

// pass sends the client a head, or nothing, and the part of the body in b.
func (u *upstream) pass(head, b []byte) {
	c := u.client
	n, done, err := u.framed.next(b)
	if len(head) > 0 {
		c.out = append(head, b[:n]...)
		head = c.out
	} else {
		head = b[:n]
	}
	if _, werr := c.conn.Write(head); werr != nil {
		c.end()
		return
	}
	u.passed(n == len(b), done, err)
}

// passed goes on after a part of the body was sent to the client: done says
// that it was the last one, and all that nothing followed it.
func (u *upstream) passed(all, done bool, err error) {
	c := u.client
	switch {
	case err != nil:
		c.cut(err)
	case !done:
		if c.conn.Pending() > maxBehind {
			u.conn.Pause()
		}
	case u.reuse && all:
		u.park()
		c.finish()
	default:
		u.client = nil
		u.conn.Close()
		c.finish()
	}
}

// hand lets a goroutine pass the response on, of which b has been read.
func (u *upstream) hand(b []byte) {
	c := u.client
	read := bytes.Clone(b)
	nc, unsent, err := u.conn.Detach()
	u.client = nil
	lease := c.lease
	c.settle(func() (*worker.Exchange, error) {
		if err != nil {
			return nil, &worker.CrashError{Err: err}
		}
		if _, err := nc.Write(unsent); err != nil {
			nc.Close()
			return nil, &worker.CrashError{Err: err, Running: true}
		}
		r := io.MultiReader(bytes.NewReader(read), nc)
		return lease.Exchange(nc, bufio.NewReaderSize(r, shortBuffer)), nil
	})
}
