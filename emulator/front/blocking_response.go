package front

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"

	"flint/internal/rawhttp"
	"flint/worker"
)

// passResponse passes the response on and reports whether the client's connection can
// be reused. It sets status when it begins to write to the client; an error is
// returned before that only, and the caller answers.
func (c *blockingConn) passResponse(x *worker.Exchange, method string, keepAlive bool, status *int) (bool, error) {
	code, err := c.readResponseHead(x)
	if errors.Is(err, bufio.ErrBufferFull) {
		return c.passCodedResponse(x, method, keepAlive, status)
	}
	if err != nil {
		x.End(false)
		return false, &worker.CrashError{Err: err}
	}
	if marker := c.res.Get(worker.ExceptionHeader); code == http.StatusInternalServerError && marker != nil && x.IsException(marker) {
		return keepAlive, c.readException(x)
	}
	if method != http.MethodHead && chooseCoding(c.encoding, code, c.res.ContentLength, headerGetter(&c.res)) != identity {
		return c.passCodedResponse(x, method, keepAlive, status)
	}
	noBody := method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified
	untilClose := !noBody && !c.res.Chunked && c.res.ContentLength < 0
	keepAlive = keepAlive && !untilClose
	*status = code
	c.buildResponseHead(keepAlive)
	err = c.passBody(x, noBody)
	x.End(err == nil && !untilClose && !c.res.Close)
	if err != nil {
		if !errors.Is(err, errClient) {
			c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
		}
		return false, nil
	}
	return keepAlive, nil
}

// passCodedResponse passes on a response whose body changes its coding, or whose head
// is larger than the buffer. It uses net/http's types.
func (c *blockingConn) passCodedResponse(x *worker.Exchange, method string, keepAlive bool, status *int) (bool, error) {
	res, err := http.ReadResponse(x.R, &http.Request{Method: method})
	if err != nil {
		x.End(false)
		return false, &worker.CrashError{Err: err}
	}
	*status = res.StatusCode
	code := chooseCoding(c.encoding, res.StatusCode, res.ContentLength, res.Header.Get)
	noBody := method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified
	if noBody {
		code = identity
	}
	reusable := !res.Close
	c.sendCodedHead(res, code, keepAlive, noBody)
	err = c.flush()
	if err == nil && !noBody {
		err = c.passCodedBody(res, code)
	}
	x.End(err == nil && reusable)
	if err != nil && !errors.Is(err, errClient) {
		c.srv.log.Warn("the Worker's response broke off: the client sees a cut connection", "error", err)
	}
	return keepAlive && err == nil, nil
}

// sendCodedHead writes into c.out the head of a response whose body follows in chunks.
func (c *blockingConn) sendCodedHead(res *http.Response, code contentCoding, keepAlive, noBody bool) {
	code.adjustHeader(res.Header)
	for _, name := range hopByHop {
		delete(res.Header, name)
	}
	c.setDate(res.Header)
	if !noBody {
		res.Header.Del("Content-Length")
		res.Header.Set("Transfer-Encoding", "chunked")
	}
	if !keepAlive {
		res.Header.Set("Connection", "close")
	}
	b := bytes.NewBuffer(append(c.out[:0], "HTTP/1.1 "+res.Status+"\r\n"...))
	_ = res.Header.Write(b) // a bytes.Buffer never fails
	c.out = append(b.Bytes(), crlf...)
}

func (c *blockingConn) passCodedBody(res *http.Response, code contentCoding) error {
	out := bufio.NewWriterSize(c.Conn, bufferSize)
	chunks := httputil.NewChunkedWriter(out)
	flush := func() error {
		if out.Flush() != nil {
			return errClient
		}
		return nil
	}
	if err := code.copy(chunks, flush, res.Body); err != nil {
		return err
	}
	if chunks.Close() != nil {
		return errClient
	}
	out.WriteString("\r\n") // the empty trailer
	return flush()
}

// readResponseHead skips interim responses and parses the head of the final one into
// c.res, which points into x's buffer until the next read from it.
func (c *blockingConn) readResponseHead(x *worker.Exchange) (int, error) {
	for n := 1; ; {
		if _, err := x.R.Peek(n); err != nil {
			return 0, err
		}
		b, _ := x.R.Peek(x.R.Buffered())
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			n = len(b) + 1 // beyond the buffer's size Peek returns bufio.ErrBufferFull
			continue
		}
		if !c.res.Parse(b[:end+4]) || len(c.res.StartLine) < len("HTTP/1.1 200") {
			return 0, fmt.Errorf("malformed response %q", c.res.StartLine)
		}
		code, err := strconv.Atoi(string(c.res.StartLine[9:12]))
		if err != nil {
			return 0, err
		}
		if code >= 200 {
			return code, nil
		}
		x.R.Discard(c.res.Size) // an interim response
	}
}

// buildResponseHead writes the head for the client into c.out.
func (c *blockingConn) buildResponseHead(keepAlive bool) {
	c.out = c.srv.appendResponseHead(c.out[:0], &c.res, keepAlive)
}

func (s *Server) appendResponseHead(b []byte, res *rawhttp.Head, keepAlive bool) []byte {
	b = append(b, res.StartLine...)
	b = append(b, crlf...)
	hasDate := false
	for _, f := range res.Fields {
		switch {
		case rawhttp.Is(f.Name, "Connection"), rawhttp.Is(f.Name, "Keep-Alive"):
			continue
		case rawhttp.Is(f.Name, "Date"):
			hasDate = true
		}
		b = appendField(b, f.Name, f.Value)
	}
	if !hasDate {
		b = append(b, "Date: "...)
		b = append(s.appendDate(b), crlf...)
	}
	if !keepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(b, crlf...)
}

// errClient is returned when the client has hung up, which is not logged.
var errClient = errors.New("the client is gone")

// passBody writes c.out, which holds the head, and the body of the response to the
// client.
func (c *blockingConn) passBody(x *worker.Exchange, noBody bool) error {
	x.R.Discard(c.res.Size)
	switch {
	case noBody:
		return c.flush()
	case c.res.Chunked:
		return c.passChunks(x.R)
	case c.res.ContentLength >= 0:
		return c.passBytes(x.R, c.res.ContentLength)
	}
	return c.passBytes(x.R, 1<<62)
}

func (c *blockingConn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return errClient
	}
	return nil
}

// passBytes passes n bytes on as they arrive. With n over 1<<61 the body has no
// length and ends when workerd closes the connection.
func (c *blockingConn) passBytes(r *bufio.Reader, n int64) error {
	for n > 0 {
		if r.Buffered() == 0 {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if _, err := r.Peek(1); err == io.EOF && n > 1<<61 {
			return nil
		} else if err != nil {
			return err
		}
		b, _ := r.Peek(int(min(int64(r.Buffered()), n)))
		c.out = append(c.out, b...)
		r.Discard(len(b))
		n -= int64(len(b))
		if len(c.out) >= bufferSize {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return c.flush()
}

// passChunks passes a chunked body on without changing its framing.
func (c *blockingConn) passChunks(r *bufio.Reader) error {
	for {
		line, err := c.readLine(r)
		if err != nil {
			return err
		}
		text, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 16, 62)
		if err != nil {
			return fmt.Errorf("malformed chunk: %w", err)
		}
		c.out = append(append(c.out, line...), crlf...)
		if n == 0 {
			return c.passTrailer(r)
		}
		if err := c.passChunk(r, int64(n)); err != nil {
			return err
		}
	}
}

// passChunk passes on the n bytes of a chunk and the CRLF behind them.
func (c *blockingConn) passChunk(r *bufio.Reader, n int64) error {
	for n += 2; n > 0; {
		if r.Buffered() == 0 {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if _, err := r.Peek(1); err != nil {
			return err
		}
		b, _ := r.Peek(int(min(int64(r.Buffered()), n)))
		c.out = append(c.out, b...)
		r.Discard(len(b))
		n -= int64(len(b))
	}
	return nil
}

// readLine reads a line without its end. It flushes output before a read that may
// block.
func (c *blockingConn) readLine(r *bufio.Reader) ([]byte, error) {
	if b, _ := r.Peek(r.Buffered()); bytes.IndexByte(b, '\n') < 0 || len(c.out) >= bufferSize {
		if err := c.flush(); err != nil {
			return nil, err
		}
	}
	line, err := r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// passTrailer passes on the trailer, which follows the last chunk.
func (c *blockingConn) passTrailer(r *bufio.Reader) error {
	for {
		line, err := c.readLine(r)
		if err != nil {
			return err
		}
		c.out = append(append(c.out, line...), crlf...)
		if len(line) == 0 {
			return c.flush()
		}
	}
}
