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

// maxHead is the largest head, in bytes, that the loop reads.
const maxHead = 16 << 10

// conn is one connection in the loop. One request at a time is answered.
type conn struct {
	srv  *Server
	conn *evloop.Conn

	req   request // the last one
	reply reply   // to requests that are answered at once

	mu     sync.Mutex
	in     []byte // what came and nobody has used yet; a request's body lies in it
	busy   bool   // a goroutine answers the request at the beginning of in
	size   int    // of that request
	cancel context.CancelFunc
}

func (c *conn) attached(ec *evloop.Conn) {
	c.conn = ec
	c.srv.mu.Lock()
	closed := c.srv.closed
	c.srv.mu.Unlock()
	if closed {
		c.end()
	}
}

// Data implements evloop.Handler.
func (c *conn) Data(_ *evloop.Conn, b []byte) {
	c.mu.Lock()
	c.in = append(c.in, b...)
	busy := c.busy
	if busy && len(c.in) > c.size+maxHead {
		c.conn.Pause() // a peer that sends far ahead of the answers
	}
	c.mu.Unlock()
	if !busy {
		c.take()
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
	c.srv.leave(c)
}

// end closes the connection; it is called on the loop's goroutine.
func (c *conn) end() {
	if c.conn != nil {
		c.conn.Close()
		c.Closed(c.conn, nil)
	}
}

// take begins with the next request, if the whole of it is there. It is called
// on the loop's goroutine while no request is answered.
func (c *conn) take() {
	head := bytes.Index(c.in, []byte("\r\n\r\n")) + 4
	if head < 4 {
		if len(c.in) > maxHead {
			c.hand()
		}
		return
	}
	r := c.req.parse(c.in[:head])
	if r == nil || r.ContentLength < 0 || r.ContentLength > MaxBody || odd(r) || !c.srv.Plain(r) {
		c.hand()
		return
	}
	size := head + int(r.ContentLength)
	if len(c.in) < size {
		return
	}
	if !c.srv.begin() {
		c.end()
		return
	}
	c.size = size
	if r.Body = http.NoBody; size > head {
		r.Body = io.NopCloser(bytes.NewReader(c.in[head:size]))
	}
	if c.answerNow(r) {
		c.srv.busy.Done()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	c.busy, c.cancel = true, cancel
	c.mu.Unlock()
	r = r.Clone(ctx) // a handler may leave somebody behind who looks at it later
	c.srv.Loop.Go(func() { c.answer(r) })
}

// answerNow answers on the loop's goroutine, if the service does so. Whoever
// sends ahead without reading is not worth that: its answers would pile up.
func (c *conn) answerNow(r *http.Request) (answered bool) {
	if c.srv.Now == nil || c.conn.Pending() > 0 {
		return false
	}
	w := &c.reply
	clear(w.header)
	*w = reply{conn: c, r: r, header: w.header, length: -1, now: true}
	defer func() {
		if p := recover(); p != nil {
			c.panicked(r, p)
			c.end()
			answered = true
		}
	}()
	if !c.srv.Now(w, r) {
		return false
	}
	if !w.finish() {
		c.end()
		return true
	}
	c.done()
	return true
}

// panicked logs why an answer was not given.
func (c *conn) panicked(r *http.Request, p any) {
	if p != http.ErrAbortHandler {
		c.srv.Log.Error("a handler failed", "path", r.URL.Path, "panic", p, "stack", strings.TrimSpace(string(debug.Stack())))
	}
}

// odd reports whether a request is more than a question and an answer.
func odd(r *http.Request) bool {
	return r.Method == http.MethodConnect || r.Close || r.Header["Upgrade"] != nil || r.Header["Expect"] != nil || r.ProtoMinor != 1
}

// hand gives the connection to net/http for the rest of its life.
func (c *conn) hand() {
	c.srv.leave(c)
	nc, unsent, err := c.conn.Detach()
	if err != nil {
		return
	}
	ahead := c.in
	go func() {
		if _, err := nc.Write(unsent); err != nil {
			nc.Close()
			return
		}
		c.srv.handed.Deliver(&handover.Conn{Conn: nc, Buffered: ahead})
	}()
}

// answer runs the handler on a goroutine of its own.
func (c *conn) answer(r *http.Request) {
	defer c.srv.busy.Done()
	w := &reply{conn: c, r: r, header: http.Header{}, length: -1}
	defer func() {
		if p := recover(); p != nil {
			c.panicked(r, p)
			c.srv.Loop.Do(c.end)
		}
	}()
	c.srv.HTTP.Handler.ServeHTTP(w, r)
	if !w.finish() {
		c.srv.Loop.Do(c.end)
		return
	}
	c.done()
}

// done drops the request that was answered, after all of the answer was sent:
// the next one is not to overtake it.
func (c *conn) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
	c.in = c.in[:copy(c.in, c.in[c.size:])]
	c.busy, c.cancel = false, nil
	if len(c.in) > 0 {
		c.srv.Loop.Do(c.ahead)
	}
}

// ahead takes a request that came before the one before it was answered.
func (c *conn) ahead() {
	c.conn.Resume()
	c.mu.Lock()
	idle := !c.busy && len(c.in) > 0
	c.mu.Unlock()
	if idle {
		c.take()
	}
}
