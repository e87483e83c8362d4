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

// upstream is a connection to one socket of workerd, on the event loop. It serves
// one client's request at a time.
type upstream struct {
	srv       *Server
	conn      *evloop.Conn
	socket    string
	client    *loopConn // nil while it is idle
	isReused  bool      // it has served a request before
	idleSince clock.Stopwatch

	partialHead []byte // the beginning of a response's head
	headSent    bool   // the head has been passed on to the client
	framing     framing
	keepAlive   bool // workerd keeps the connection open after this response
}

const (
	// maxUpstreamIdle is the age up to which an idle connection is reused: workerd
	// closes it after five seconds.
	maxUpstreamIdle  = 4 * time.Second
	maxIdlePerSocket = 512 // idle connections that are kept
)

// acquireUpstream returns an idle connection to a socket or a new one. It returns nil
// when connecting fails or would block.
func (s *Server) acquireUpstream(socket string) *upstream {
	idle := s.idleUpstreams[socket]
	if last := len(idle) - 1; last >= 0 {
		u := idle[last]
		s.idleUpstreams[socket] = idle[:last]
		if u.idleSince.Elapsed() < maxUpstreamIdle {
			u.isReused = true
			return u
		}
		u.conn.Close()
		for _, older := range idle[:last] {
			older.conn.Close()
		}
		delete(s.idleUpstreams, socket)
	}
	u := &upstream{srv: s, socket: socket}
	var err error
	if u.conn, err = s.loop.DialUnix(socket, u); err != nil {
		return nil
	}
	return u
}

// park puts the connection back among the idle ones.
func (u *upstream) park() {
	u.client, u.headSent = nil, false
	if len(u.srv.idleUpstreams[u.socket]) >= maxIdlePerSocket {
		u.conn.Close()
		return
	}
	u.idleSince = clock.StartStopwatch()
	u.srv.idleUpstreams[u.socket] = append(u.srv.idleUpstreams[u.socket], u)
}

// Closed implements evloop.Handler.
func (u *upstream) Closed(_ *evloop.Conn, err error) {
	c := u.client
	switch {
	case c == nil:
		u.removeFromIdle()
	case !u.headSent:
		u.fail(err)
	case u.framing.untilClose && err == io.EOF:
		c.keepAlive = false
		c.finishExchange()
	default:
		c.abortResponse(err)
	}
}

func (u *upstream) removeFromIdle() {
	idle := u.srv.idleUpstreams[u.socket]
	for i, other := range idle {
		if other == u {
			idle = append(idle[:i], idle[i+1:]...)
			break
		}
	}
	if len(idle) == 0 {
		delete(u.srv.idleUpstreams, u.socket)
	} else {
		u.srv.idleUpstreams[u.socket] = idle
	}
}

// fail handles a connection that ended before the response's head. If workerd may
// have closed it while it was idle, an idempotent request is sent again.
func (u *upstream) fail(cause error) {
	c := u.client
	if u.isReused && len(u.partialHead) == 0 && worker.Idempotent(c.method) {
		c.upstream = nil
		c.lease.Leave()
		c.answerOnGoroutine()
		return
	}
	lease := c.lease
	c.finishOnGoroutine(func() (*worker.Exchange, error) { return nil, lease.Failed(context.Background(), cause) })
}

// Drained implements evloop.Handler.
func (u *upstream) Drained(*evloop.Conn) {}

// Data implements evloop.Handler.
func (u *upstream) Data(_ *evloop.Conn, b []byte) {
	if u.client == nil {
		u.removeFromIdle()
		u.conn.Close() // data without a request
		return
	}
	if u.headSent {
		u.passBody(nil, b)
		return
	}
	if len(u.partialHead) > 0 {
		b = append(u.partialHead, b...)
	}
	code, head, err := u.parseHead(b)
	switch {
	case err != nil && !errors.Is(err, errIncompleteHead):
		u.conn.Close()
		u.isReused = false // workerd has answered: do not send the request again
		u.fail(err)
	case err != nil && len(b) <= bufferSize:
		u.partialHead = append(u.partialHead[:0], b...)
	case err != nil: // a head larger than the buffer
		u.handOverResponse(b)
	default:
		u.partialHead = nil
		u.startResponse(code, head)
	}
}

var errIncompleteHead = errors.New("the head is incomplete")

// parseHead skips interim responses and parses the head of the final one into the
// client's res. head is b from that head on.
func (u *upstream) parseHead(b []byte) (code int, head []byte, err error) {
	res := &u.client.res
	for {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, b, errIncompleteHead
		}
		if !res.Parse(b[:end+4]) || len(res.StartLine) < len("HTTP/1.1 200") {
			return 0, b, fmt.Errorf("malformed response %.100q", b)
		}
		if code, err = strconv.Atoi(string(res.StartLine[9:12])); err != nil || code >= 200 {
			return code, b, err
		}
		b = b[res.Size:] // an interim response
	}
}

// startResponse passes on the head at the beginning of b, which has been parsed, and
// the part of the body behind it. A response that the loop cannot pass on goes to a
// goroutine.
func (u *upstream) startResponse(code int, b []byte) {
	c := u.client
	marker := c.res.Get(worker.ExceptionHeader)
	if code == http.StatusInternalServerError && marker != nil && c.lease.IsException(marker) {
		u.handOverResponse(b)
		return
	}
	noBody := bodiless(c.method, code)
	coded := identity
	if c.method != http.MethodHead {
		coded = chooseCoding(c.encoding, code, c.res.ContentLength, headerGetter(&c.res))
	}
	fitsLoop := coded == gzipEncode && c.res.ContentLength >= 0 && c.res.ContentLength <= maxLoopCompressed && int64(len(b)-c.res.Size) >= c.res.ContentLength
	if coded != identity && !fitsLoop {
		u.handOverResponse(b)
		return
	}
	u.framing.reset(&c.res, noBody)
	u.keepAlive = !c.res.Close && !u.framing.untilClose
	c.keepAlive = c.keepAlive && !u.framing.untilClose
	c.status = code
	u.headSent = true
	c.dropRequest()
	if fitsLoop {
		u.sendCompressed(b[c.res.Size:])
		return
	}
	c.out = c.srv.appendResponseHead(c.out[:0], &c.res, c.keepAlive && !c.isClosing)
	u.passBody(c.out, b[c.res.Size:])
}

// sendCompressed sends the client a compressed response. b holds all of its body.
func (u *upstream) sendCompressed(b []byte) {
	c := u.client
	n, done, err := u.framing.next(b)
	c.out = c.srv.appendCompressed(c.out[:0], &c.res, c.keepAlive && !c.isClosing, b[:n])
	if _, writeErr := c.conn.Write(c.out); writeErr != nil {
		c.close()
		return
	}
	u.afterBody(n == len(b), done, err)
}

// passBody sends the client head, which may be empty, and the part of the body in b.
func (u *upstream) passBody(head, b []byte) {
	c := u.client
	n, done, err := u.framing.next(b)
	if len(head) > 0 {
		c.out = append(head, b[:n]...)
		head = c.out
	} else {
		head = b[:n]
	}
	if _, writeErr := c.conn.Write(head); writeErr != nil {
		c.close()
		return
	}
	u.afterBody(n == len(b), done, err)
}

// afterBody continues after a part of the body was sent to the client. done says
// that it was the last part, noExcess that no byte followed it.
func (u *upstream) afterBody(noExcess, done bool, err error) {
	c := u.client
	switch {
	case err != nil:
		c.abortResponse(err)
	case !done:
		if c.conn.Pending() > maxBacklog {
			u.conn.Pause()
		}
	case u.keepAlive && noExcess:
		u.park()
		c.finishExchange()
	default:
		u.client = nil
		u.conn.Close()
		c.finishExchange()
	}
}

// handOverResponse lets a goroutine pass the response on. b is what has been read of
// it.
func (u *upstream) handOverResponse(b []byte) {
	c := u.client
	read := bytes.Clone(b)
	nc, unsent, err := u.conn.Detach()
	u.client = nil
	lease := c.lease
	c.finishOnGoroutine(func() (*worker.Exchange, error) {
		if err != nil {
			return nil, &worker.CrashError{Err: err}
		}
		if _, err := nc.Write(unsent); err != nil {
			nc.Close()
			return nil, &worker.CrashError{Err: err, Running: true}
		}
		r := io.MultiReader(bytes.NewReader(read), nc)
		return lease.Exchange(nc, bufio.NewReaderSize(r, bufferSize)), nil
	})
}
