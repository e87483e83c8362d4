package queues

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"flint/internal/cferr"
	"flint/internal/intercept"
	"flint/internal/rawhttp"
)

// Binding serves workerd's protocol of a queue producer: POST /message, POST
// /batch and GET /metrics. An error is sent twice: as the reason phrase, which
// older Workers see, and in two headers, which those with the flag
// queue_expose_error_codes see.
type Binding struct {
	broker *Broker
	chain  *intercept.Chain
	log    *slog.Logger
}

const (
	headerFormat = "X-Msg-Fmt"
	headerDelay  = "X-Msg-Delay-Secs"
	headerCode   = "Cf-Queues-Error-Code"
	headerCause  = "Cf-Queues-Error-Cause"

	// maxBatchBody bounds the JSON of a batch: bodies are base64 in it.
	maxBatchBody = MaxBatchBytes*4/3 + MaxBatchMessages*256
)

// NewBinding serves the queues of b.
func NewBinding(b *Broker, chain *intercept.Chain, log *slog.Logger) *Binding {
	return &Binding{broker: b, chain: chain, log: log}
}

// ServeBinding serves one call. The resource is the queue's name, with the
// producer's delivery_delay when it has one: "jobs?delay=30".
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	name, params, _ := strings.Cut(resource, "?")
	q, err := b.broker.Queue(name)
	if err != nil {
		b.fail(w, r, name, err)
		return
	}
	call := &call{queue: q, request: r, delay: q.DeliveryDelay()}
	if s, ok := strings.CutPrefix(params, "delay="); ok {
		if call.delay, err = parseDelay(s, codeMessageMetadata); err != nil {
			b.fail(w, r, name, err)
			return
		}
	}
	op := &intercept.Op{Service: "queues", Resource: name}
	var reply []byte
	do := call.route(op)
	if do == nil {
		b.fail(w, r, name, cferr.Newf(http.StatusNotFound, 0, "no such call: %s %s", r.Method, r.URL.Path))
		return
	}
	err = b.chain.Do(r.Context(), op, func(ctx context.Context) (err error) {
		reply, err = do(ctx, op)
		return err
	})
	if err != nil {
		b.fail(w, r, name, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	_, _ = w.Write(reply) // it fails only when the runtime has closed the connection
}

func (b *Binding) fail(w http.ResponseWriter, r *http.Request, queue string, err error) {
	e := cferr.From(err)
	code, cause := e.Code, e.Message
	if e == cferr.Internal {
		b.log.Error("a call of a queue failed", slog.String("queue", queue), slog.Any("error", err))
		code, cause = codeInternal, causeInternal
	}
	header := http.Header{
		headerCode:     {strconv.Itoa(code)},
		headerCause:    {rawhttp.Reason(e.Status, cause)},
		"Content-Type": {"text/plain; charset=utf-8"},
	}
	if err := rawhttp.WriteStatus(w, r, e.Status, cause, header, []byte(cause)); err != nil {
		b.log.Debug("the runtime went away before its answer", slog.String("queue", queue), slog.Any("error", err))
	}
}

// call is one call of a binding.
type call struct {
	queue   *Queue
	request *http.Request
	delay   time.Duration // default of a message
}

type handler func(context.Context, *intercept.Op) ([]byte, error)

func (c *call) route(op *intercept.Op) handler {
	switch c.request.Method + " " + c.request.URL.Path {
	case "POST /message":
		op.Action = "send"
		return c.send
	case "POST /batch":
		op.Action = "sendBatch"
		return c.sendBatch
	case "GET /metrics":
		op.Action = "metrics"
		return c.metrics
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads the request's body into a buffer from the pool. One byte more
// than limit is read, so that the caller sees that it was too long.
func (c *call) readBody(limit int64) (*bytes.Buffer, error) {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	_, err := buf.ReadFrom(io.LimitReader(c.request.Body, limit+1))
	return buf, err
}

func (c *call) send(ctx context.Context, op *intercept.Op) ([]byte, error) {
	if n := c.request.ContentLength; n > MaxMessageBytes {
		return nil, errMessageSize(int(n))
	}
	out := Outgoing{ContentType: c.request.Header.Get(headerFormat), Delay: c.delay}
	var err error
	if s := c.request.Header.Get(headerDelay); s != "" {
		if out.Delay, err = parseDelay(s, codeMessageMetadata); err != nil {
			return nil, err
		}
	}
	buf, err := c.readBody(MaxMessageBytes)
	if err != nil {
		return nil, err
	}
	defer buffers.Put(buf)
	out.Body = buf.Bytes()
	op.Bytes = int64(buf.Len())
	m, err := c.queue.Send(ctx, []Outgoing{out})
	return sentReply(m), err
}

// wireBatch is the body of POST /batch.
type wireBatch struct {
	Messages []struct {
		Body        []byte `json:"body"` // base64
		ContentType string `json:"contentType"`
		DelaySecs   *int64 `json:"delaySecs"`
	} `json:"messages"`
}

func (c *call) sendBatch(ctx context.Context, op *intercept.Op) ([]byte, error) {
	if err := c.checkSizes(); err != nil {
		return nil, err
	}
	delay := c.delay
	var err error
	if s := c.request.Header.Get(headerDelay); s != "" {
		if delay, err = parseDelay(s, codeBatchDelay); err != nil {
			return nil, err
		}
	}
	buf, err := c.readBody(maxBatchBody)
	if err != nil {
		return nil, err
	}
	defer buffers.Put(buf)
	var wire wireBatch
	if err := json.Unmarshal(buf.Bytes(), &wire); err != nil {
		return nil, errMalformed(err)
	}
	out := make([]Outgoing, len(wire.Messages))
	for i, m := range wire.Messages {
		out[i] = Outgoing{ContentType: m.ContentType, Body: m.Body, Delay: delay}
		if m.DelaySecs != nil {
			if out[i].Delay, err = delayOf(*m.DelaySecs, codeMessageMetadata); err != nil {
				return nil, err
			}
		}
		op.Bytes += int64(len(m.Body))
	}
	m, err := c.queue.Send(ctx, out)
	return sentReply(m), err
}

// checkSizes refuses a batch by what its headers say, before it is read.
func (c *call) checkSizes() error {
	size := func(name string) int {
		n, err := strconv.Atoi(c.request.Header.Get(name))
		if err != nil {
			return 0 // without the header the body itself is checked
		}
		return n
	}
	if n := size("Cf-Queue-Batch-Count"); n > MaxBatchMessages {
		return errBatchCount(n)
	}
	if n := size("Cf-Queue-Largest-Msg"); n > MaxMessageBytes {
		return errBatchedSize(n)
	}
	if n := size("Cf-Queue-Batch-Bytes"); n > MaxBatchBytes {
		return errBatchSize(n)
	}
	return nil
}

func (c *call) metrics(context.Context, *intercept.Op) ([]byte, error) {
	return appendMetrics(nil, c.queue.Metrics()), nil
}

func sentReply(m Metrics) []byte {
	reply := appendMetrics([]byte(`{"metadata":{"metrics":`), m)
	return append(reply, "}}"...)
}

// appendMetrics writes the runtime's form; the time of an empty queue is 0.
func appendMetrics(buf []byte, m Metrics) []byte {
	buf = append(buf, `{"backlogCount":`...)
	buf = strconv.AppendInt(buf, int64(m.BacklogCount), 10)
	buf = append(buf, `,"backlogBytes":`...)
	buf = strconv.AppendInt(buf, m.BacklogBytes, 10)
	buf = append(buf, `,"oldestMessageTimestamp":`...)
	buf = strconv.AppendInt(buf, oldestMillis(m), 10)
	return append(buf, '}')
}

func oldestMillis(m Metrics) int64 {
	if m.OldestMessage.IsZero() {
		return 0
	}
	return m.OldestMessage.UnixMilli()
}

func parseDelay(s string, code int) (time.Duration, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errDelay(code, s)
	}
	return delayOf(n, code)
}

func delayOf(secs int64, code int) (time.Duration, error) {
	if secs < 0 || secs > int64(MaxDelay/time.Second) {
		return 0, errDelay(code, strconv.FormatInt(secs, 10))
	}
	return time.Duration(secs) * time.Second, nil
}
