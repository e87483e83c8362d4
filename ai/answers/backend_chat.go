package answers

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

	"flint/ai/inference"
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
	Usage *inference.Usage `json:"usage"`
	Error json.RawMessage  `json:"error"`
}

// FromBackend asks the real model, when there is one.
func (src *Sources) FromBackend(req *inference.TextRequest) (*inference.Completion, error) {
	b := src.backend
	if b == nil {
		return nil, nil
	}
	ctx := req.Context()
	body := b.chatRequest(req)
	stream := req.Live && req.Format == nil
	if stream {
		body["stream"], body["stream_options"] = true, map[string]bool{"include_usage": true}
	}
	res, err := b.post(ctx, "/chat/completions", body)
	if err != nil {
		return nil, err
	}
	if stream {
		return src.liveChat(req, res), nil
	}
	var got backendChat
	if err := b.decode(ctx, res, &got); err != nil {
		return nil, err
	}
	if len(got.Choices) == 0 {
		return nil, b.failed(ctx, errors.New("its answer has no choices"))
	}
	done := &inference.Completion{Source: inference.SourceBackend}
	addMessage(done, &got.Choices[0].Message)
	endAnswer(done, got.Choices[0].Finish, got.Usage)
	if req.Format != nil {
		if !json.Valid([]byte(done.Text)) {
			return nil, inference.ErrJSONMode
		}
		done.Object = json.RawMessage(done.Text)
	}
	done.Count(req)
	src.keepChat(req, done)
	return done, nil
}

// addMessage adds a message, or a piece of one, to an answer.
func addMessage(c *inference.Completion, m *backendMessage) {
	c.Text += m.Content
	for i, call := range m.ToolCalls {
		at := max(call.Index, i)
		if at >= inference.MaxItems {
			continue
		}
		for len(c.Calls) <= at {
			c.Calls = append(c.Calls, inference.ToolCall{})
		}
		c.Calls[at].Name += call.Function.Name
		c.Calls[at].Arguments = append(c.Calls[at].Arguments, call.Function.Arguments...)
	}
}

// endAnswer ends an answer: arguments are JSON, whatever the model wrote.
func endAnswer(c *inference.Completion, finish string, usage *inference.Usage) {
	c.Finish = finish
	for i := range c.Calls {
		if !json.Valid(c.Calls[i].Arguments) {
			c.Calls[i].Arguments = json.RawMessage("{}")
		}
	}
	switch {
	case c.Calls != nil:
		c.Finish = inference.FinishTools
	case finish == "":
		c.Finish = inference.FinishStop
	}
	if usage != nil {
		c.Usage = *usage
	}
}

// liveChat hands on the pieces of a stream as they come.
func (src *Sources) liveChat(req *inference.TextRequest, res *http.Response) *inference.Completion {
	done := &inference.Completion{Source: inference.SourceBackend}
	done.Live = func(yield func(string) bool) {
		defer res.Body.Close()
		err := src.readStream(req.Context(), res.Body, done, yield)
		if err != nil {
			done.Finish = inference.FinishError
			src.log.Error("ai: the backend broke off", "error", src.backend.failed(req.Context(), err))
			return
		}
		done.Live = nil
		done.Count(req)
		src.keepChat(req, done)
	}
	return done
}

var errLeft = errors.New("the caller left")

func (src *Sources) readStream(ctx context.Context, body io.Reader, done *inference.Completion, yield func(string) bool) error {
	lines := bufio.NewScanner(io.LimitReader(quiet(ctx, body), inference.MaxBackend))
	lines.Buffer(make([]byte, 0, 16<<10), 4<<20)
	finish, ended := "", false
	var usage *inference.Usage
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
			return fmt.Errorf("it says in its stream: %s", inference.Shorten(blank(string(got.Error)), 300))
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
		addMessage(done, piece)
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
	endAnswer(done, finish, usage)
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
	ctx, cancel := context.WithTimeout(q.ctx, inference.BackendSilence)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = closer.Close() }) // ends the read
	n, err := q.r.Read(p)
	if !stop() && ctx.Err() != nil && q.ctx.Err() == nil {
		return n, fmt.Errorf("silent for %s", inference.BackendSilence.Round(time.Second))
	}
	return n, err
}
