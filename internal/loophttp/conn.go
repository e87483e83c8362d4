package loophttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"flint/internal/evloop"
	"flint/internal/handover"
)

// maxHeadBytes is the largest head, in bytes, that the loop reads.
const maxHeadBytes = 16 << 10

// conn is a connection on the event loop. It answers one request at a time; later
// ones wait in its input buffer.
type conn struct {
	srv      *Server
	loopConn *evloop.Conn

	request  parsedRequest  // reused for each request
	response responseWriter // reused for responses that are written on the loop

	mu          sync.Mutex
	in          []byte // received and not processed yet; begins with the request in flight
	answering   bool   // a goroutine answers the request in flight
	requestSize int    // bytes of the request in flight, with its body
	cancel      context.CancelFunc
}

func (c *conn) attached(ec *evloop.Conn) {
	c.loopConn = ec
	c.srv.mu.Lock()
	closed := c.srv.closed
	c.srv.mu.Unlock()
	if closed {
		c.close()
	}
}

// Data implements evloop.Handler.
func (c *conn) Data(_ *evloop.Conn, b []byte) {
	c.mu.Lock()
	c.in = append(c.in, b...)
	answering := c.answering
	if answering && len(c.in) > c.requestSize+maxHeadBytes {
		c.loopConn.Pause() // until finishRequest: the peer pipelines too much
	}
	c.mu.Unlock()
	if !answering {
		c.startNextRequest()
	}
}

// Drained implements evloop.Handler.
func (c *conn) Drained(*evloop.Conn) {}

// Closed implements evloop.Handler.
func (c *conn) Closed(*evloop.Conn, error) {
	c.mu.Lock()
	if c.cancel != nil {
		c.cancel()
	}
	c.mu.Unlock()
	c.srv.unregister(c)
}

// close closes the connection. It is called on the loop's goroutine.
func (c *conn) close() {
	if c.loopConn != nil {
		c.loopConn.Close()
		c.Closed(c.loopConn, nil)
	}
}

// startNextRequest processes the next request if all of it has arrived. It is called
// on the loop's goroutine while no request is in flight.
func (c *conn) startNextRequest() {
	head := bytes.Index(c.in, []byte("\r\n\r\n")) + 4
	if head < 4 {
		if len(c.in) > maxHeadBytes {
			c.handOverToHTTP()
		}
		return
	}
	r := c.request.parse(c.in[:head])
	if r == nil || r.ContentLength < 0 || r.ContentLength > MaxBody || needsHTTP(r) || !c.srv.ReadOnLoop(r) {
		c.handOverToHTTP()
		return
	}
	size := head + int(r.ContentLength)
	if len(c.in) < size {
		return
	}
	if !c.srv.beginRequest() {
		c.close()
		return
	}
	c.requestSize = size
	if r.Body = http.NoBody; size > head {
		r.Body = io.NopCloser(bytes.NewReader(c.in[head:size]))
	}
	if c.answerOnLoop(r) {
		c.srv.active.Done()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	c.answering, c.cancel = true, cancel
	c.mu.Unlock()
	r = r.Clone(ctx) // a handler may keep it; c.request is reused
	c.srv.Loop.Go(func() { c.answerOnGoroutine(r) })
}

// answerOnLoop answers the request on the loop's goroutine if Server.AnswerOnLoop does. It does
// not try while earlier output is unsent: of a peer that pipelines requests and does
// not read, the responses would pile up in memory.
func (c *conn) answerOnLoop(r *http.Request) (answered bool) {
	if c.srv.AnswerOnLoop == nil || c.loopConn.Pending() > 0 {
		return false
	}
	w := &c.response
	clear(w.header)
	*w = responseWriter{conn: c, r: r, header: w.header, length: -1, onLoop: true}
	defer func() {
		if p := recover(); p != nil {
			c.logPanic(r, p)
			c.close()
			answered = true
		}
	}()
	if !c.srv.AnswerOnLoop(w, r) {
		return false
	}
	if !w.finish() {
		c.close()
		return true
	}
	c.finishRequest()
	return true
}

// logPanic logs a panic of a handler.
func (c *conn) logPanic(r *http.Request, value any) {
	if value != http.ErrAbortHandler {
		c.srv.Log.Error("a handler failed", "path", r.URL.Path, "panic", value, "stack", strings.TrimSpace(string(debug.Stack())))
	}
}

// needsHTTP reports whether a request needs more than one response on a persistent
// HTTP/1.1 connection.
func needsHTTP(r *http.Request) bool {
	return r.Method == http.MethodConnect || r.Close || r.Header["Upgrade"] != nil || r.Header["Expect"] != nil || r.ProtoMinor != 1
}

// handOverToHTTP hands the connection over to net/http for the rest of its life.
func (c *conn) handOverToHTTP() {
	c.srv.unregister(c)
	nc, unsent, err := c.loopConn.Detach()
	if err != nil {
		return
	}
	buffered := c.in
	go func() {
		if _, err := nc.Write(unsent); err != nil {
			nc.Close()
			return
		}
		c.srv.httpListener.Deliver(&handover.Conn{Conn: nc, Buffered: buffered})
	}()
}

// answerOnGoroutine answers a request by the Handler. It runs on a goroutine of its
// own.
func (c *conn) answerOnGoroutine(r *http.Request) {
	defer c.srv.active.Done()
	w := &responseWriter{conn: c, r: r, header: http.Header{}, length: -1}
	defer func() {
		if p := recover(); p != nil {
			c.logPanic(r, p)
			c.srv.Loop.Do(c.close)
		}
	}()
	c.srv.HTTP.Handler.ServeHTTP(w, r)
	if !w.finish() {
		c.srv.Loop.Do(c.close)
		return
	}
	c.finishRequest()
}

// finishRequest discards the request in flight after all of its response was written,
// so that the response of the next one cannot overtake it.
func (c *conn) finishRequest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
	c.in = c.in[:copy(c.in, c.in[c.requestSize:])]
	c.answering, c.cancel = false, nil
	if len(c.in) > 0 {
		c.srv.Loop.Do(c.startPipelined)
	}
}

// startPipelined processes a request that arrived while an earlier one was in flight.
func (c *conn) startPipelined() {
	c.loopConn.Resume()
	c.mu.Lock()
	idle := !c.answering && len(c.in) > 0
	c.mu.Unlock()
	if idle {
		c.startNextRequest()
	}
}
