package ai

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// backendMessage is an answer, or a piece of one, in OpenAI's form.
type backendMessage struct {
	Content   string `json:"content"`
	ToolCalls []struct {
		Index    int `json:"index"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

type backendChat struct {
	Choices []struct {
		Message backendMessage `json:"message"`
		Delta   backendMessage `json:"delta"`
		Finish  string         `json:"finish_reason"`
	} `json:"choices"`
	Usage *Usage          `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// fromBackend asks the real model, when there is one.
func (m *Models) fromBackend(req *textRequest) (*completion, error) {
	b := m.backend
	if b == nil {
		return nil, nil
	}
	ctx := req.context()
	body := b.chatRequest(req)
	stream := req.live && req.format == nil
	if stream {
		body["stream"], body["stream_options"] = true, map[string]bool{"include_usage": true}
	}
	res, err := b.post(ctx, "/chat/completions", body)
	if err != nil {
		return nil, err
	}
	if stream {
		return m.liveChat(req, res), nil
	}
	var got backendChat
	if err := b.decode(ctx, res, &got); err != nil {
		return nil, err
	}
	if len(got.Choices) == 0 {
		return nil, b.failed(ctx, errors.New("its answer has no choices"))
	}
	done := &completion{source: sourceBackend}
	done.take(&got.Choices[0].Message)
	done.settle(got.Choices[0].Finish, got.Usage)
	if req.format != nil {
		if !json.Valid([]byte(done.text)) {
			return nil, errJSONMode
		}
		done.object = json.RawMessage(done.text)
	}
	done.count(req)
	m.keepChat(req, done)
	return done, nil
}

// take adds a message, or a piece of one.
func (c *completion) take(m *backendMessage) {
	c.text += m.Content
	for i, call := range m.ToolCalls {
		at := max(call.Index, i)
		if at >= maxItems {
			continue
		}
		for len(c.calls) <= at {
			c.calls = append(c.calls, toolCall{})
		}
		c.calls[at].Name += call.Function.Name
		c.calls[at].Arguments = append(c.calls[at].Arguments, call.Function.Arguments...)
	}
}

// settle ends an answer: arguments are JSON, whatever the model wrote.
func (c *completion) settle(finish string, usage *Usage) {
	c.finish = finish
	for i := range c.calls {
		if !json.Valid(c.calls[i].Arguments) {
			c.calls[i].Arguments = json.RawMessage("{}")
		}
	}
	switch {
	case c.calls != nil:
		c.finish = finishTools
	case finish == "":
		c.finish = finishStop
	}
	if usage != nil {
		c.usage = *usage
	}
}

// liveChat hands on the pieces of a stream as they come.
func (m *Models) liveChat(req *textRequest, res *http.Response) *completion {
	done := &completion{source: sourceBackend}
	done.live = func(yield func(string) bool) {
		defer res.Body.Close()
		err := m.readStream(req.context(), res.Body, done, yield)
		if err != nil {
			done.finish = finishError
			m.log.Error("ai: the backend broke off", "error", m.backend.failed(req.context(), err))
			return
		}
		done.live = nil
		done.count(req)
		m.keepChat(req, done)
	}
	return done
}

var errLeft = errors.New("the caller left")

func (m *Models) readStream(ctx context.Context, body io.Reader, done *completion, yield func(string) bool) error {
	lines := bufio.NewScanner(io.LimitReader(quiet(ctx, body), maxBackend))
	lines.Buffer(make([]byte, 0, 16<<10), 4<<20)
	finish, ended := "", false
	var usage *Usage
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		if data = strings.TrimSpace(data); data == "[DONE]" {
			ended = true
			break
		}
		var got backendChat
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			return fmt.Errorf("an event of its stream is not JSON: %w", err)
		}
		if got.Error != nil {
			return fmt.Errorf("it says in its stream: %s", shorten(blank(string(got.Error)), 300))
		}
		if got.Usage != nil {
			usage = got.Usage
		}
		if len(got.Choices) == 0 {
			continue
		}
		if got.Choices[0].Finish != "" {
			finish = got.Choices[0].Finish
		}
		piece := &got.Choices[0].Delta
		done.take(piece)
		if piece.Content != "" && !yield(piece.Content) {
			return errLeft
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !ended && finish == "" {
		return io.ErrUnexpectedEOF
	}
	done.settle(finish, usage)
	return nil
}

// quiet is r, whose every read ends with ctx or after backendSilence.
func quiet(ctx context.Context, r io.Reader) io.Reader { return &quietReader{ctx, r} }

type quietReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (q *quietReader) Read(p []byte) (int, error) {
	closer, ok := q.r.(io.Closer)
	if !ok {
		return q.r.Read(p)
	}
	ctx, cancel := context.WithTimeout(q.ctx, backendSilence)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = closer.Close() }) // ends the read
	n, err := q.r.Read(p)
	if !stop() && ctx.Err() != nil && q.ctx.Err() == nil {
		return n, fmt.Errorf("silent for %s", backendSilence.Round(time.Second))
	}
	return n, err
}
