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

type chatResponse struct {
	Choices []struct {
		Message backendMessage `json:"message"`
		Delta   backendMessage `json:"delta"`
		Finish  string         `json:"finish_reason"`
	} `json:"choices"`
	Usage *inference.Usage `json:"usage"`
	Error json.RawMessage  `json:"error"`
}

// FromBackend asks the real model, or returns nil when there is none.
func (src *Sources) FromBackend(req *inference.TextRequest) (*inference.Completion, error) {
	b := src.backend
	if b == nil {
		return nil, nil
	}
	ctx := req.Context()
	body := b.chatRequest(req)
	stream := req.AcceptsLive && req.Format == nil
	if stream {
		body["stream"], body["stream_options"] = true, map[string]bool{"include_usage": true}
	}
	res, err := b.post(ctx, "/chat/completions", body)
	if err != nil {
		return nil, err
	}
	if stream {
		return src.streamChat(req, res), nil
	}
	var chat chatResponse
	if err := b.decode(ctx, res, &chat); err != nil {
		return nil, err
	}
	if len(chat.Choices) == 0 {
		return nil, b.failure(ctx, errors.New("its answer has no choices"))
	}
	done := &inference.Completion{Source: inference.SourceBackend}
	addMessage(done, &chat.Choices[0].Message)
	finishCompletion(done, chat.Choices[0].Finish, chat.Usage)
	if req.Format != nil {
		if !json.Valid([]byte(done.Text)) {
			return nil, inference.ErrJSONMode
		}
		done.Object = json.RawMessage(done.Text)
	}
	done.FillUsage(req)
	src.recordCompletion(req, done)
	return done, nil
}

// addMessage adds a message, or a piece of one, to an answer.
func addMessage(c *inference.Completion, m *backendMessage) {
	c.Text += m.Content
	for i, call := range m.ToolCalls {
		at := max(call.Index, i)
		if at >= inference.MaxArrayItems {
			continue
		}
		for len(c.Calls) <= at {
			c.Calls = append(c.Calls, inference.ToolCall{})
		}
		c.Calls[at].Name += call.Function.Name
		c.Calls[at].Arguments = append(c.Calls[at].Arguments, call.Function.Arguments...)
	}
}

// finishCompletion sets the finish reason and usage, and replaces arguments of
// tool calls that are not JSON by {}.
func finishCompletion(c *inference.Completion, finish string, usage *inference.Usage) {
	c.FinishReason = finish
	for i := range c.Calls {
		if !json.Valid(c.Calls[i].Arguments) {
			c.Calls[i].Arguments = json.RawMessage("{}")
		}
	}
	switch {
	case c.Calls != nil:
		c.FinishReason = inference.FinishTools
	case finish == "":
		c.FinishReason = inference.FinishStop
	}
	if usage != nil {
		c.Usage = *usage
	}
}

// streamChat passes on the pieces of a stream as they arrive.
func (src *Sources) streamChat(req *inference.TextRequest, res *http.Response) *inference.Completion {
	done := &inference.Completion{Source: inference.SourceBackend}
	done.LivePieces = func(yield func(string) bool) {
		defer res.Body.Close()
		err := src.readStream(req.Context(), res.Body, done, yield)
		if err != nil {
			done.FinishReason = inference.FinishError
			src.log.Error("ai: the backend broke off", "error", src.backend.failure(req.Context(), err))
			return
		}
		done.LivePieces = nil
		done.FillUsage(req)
		src.recordCompletion(req, done)
	}
	return done
}

var errCallerLeft = errors.New("the caller left")

func (src *Sources) readStream(ctx context.Context, body io.Reader, done *inference.Completion, yield func(string) bool) error {
	lines := bufio.NewScanner(io.LimitReader(withIdleTimeout(ctx, body), inference.MaxBackendBytes))
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
		var chunk chatResponse
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			return fmt.Errorf("an event of its stream is not JSON: %w", err)
		}
		if chunk.Error != nil {
			return fmt.Errorf("it says in its stream: %s", inference.Shorten(redactSecrets(string(chunk.Error)), 300))
		}
		if chunk.Usage != nil {
			usage = chunk.Usage
		}
		if len(chunk.Choices) == 0 {
			continue
		}
		if chunk.Choices[0].Finish != "" {
			finish = chunk.Choices[0].Finish
		}
		piece := &chunk.Choices[0].Delta
		addMessage(done, piece)
		if piece.Content != "" && !yield(piece.Content) {
			return errCallerLeft
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !ended && finish == "" {
		return io.ErrUnexpectedEOF
	}
	finishCompletion(done, finish, usage)
	return nil
}

// withIdleTimeout ends each read of r with ctx, or after BackendIdleTimeout.
func withIdleTimeout(ctx context.Context, r io.Reader) io.Reader { return &idleTimeoutReader{ctx, r} }

type idleTimeoutReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (q *idleTimeoutReader) Read(p []byte) (int, error) {
	closer, ok := q.r.(io.Closer)
	if !ok {
		return q.r.Read(p)
	}
	ctx, cancel := context.WithTimeout(q.ctx, inference.BackendIdleTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = closer.Close() }) // ends the read
	n, err := q.r.Read(p)
	if !stop() && ctx.Err() != nil && q.ctx.Err() == nil {
		return n, fmt.Errorf("silent for %s", inference.BackendIdleTimeout.Round(time.Second))
	}
	return n, err
}
