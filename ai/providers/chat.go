package providers

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"flint/ai/inference"
)

// chatDialect is how one API spells an OpenAI-style chat completion.
type chatDialect struct {
	idPrefix         string
	provider         string // OpenRouter names who answered
	fingerprint      string // DeepSeek's system_fingerprint
	hasNativeFinish  bool   // choices have the field native_finish_reason
	hasPadding       bool   // chunks have the field p
	usageInLastChunk bool   // usage is in the chunk with the finish reason, not in one of its own
	comment          string // sent before the first chunk

	hasRefusal       bool   // whole messages have the field refusal
	omitsStreamUsage bool   // a stream has no usage
	reasoning        string // sent before the answer, in reasoning_content
	thought          string // the same in OpenRouter's reasoning

	usage func(done *inference.Completion) any
}

// ChatWorkersAI is the form that the chat models of Workers AI answer in.
var ChatWorkersAI = &chatDialect{
	idPrefix: "chatcmpl-", hasPadding: true,
	usage: func(done *inference.Completion) any { return done.Usage },
}

// ChatBody is a chat.completion or one of its chunks.
type ChatBody struct {
	ID          string       `json:"id"`
	Object      string       `json:"object"`
	Created     int64        `json:"created"`
	Model       string       `json:"model"`
	Provider    string       `json:"provider,omitempty"`
	Fingerprint string       `json:"system_fingerprint,omitempty"`
	Choices     []chatChoice `json:"choices"`
	Usage       any          `json:"usage,omitempty"`
	P           string       `json:"p,omitempty"`
}

type chatChoice struct {
	Index        int          `json:"index"`
	Message      *chatMessage `json:"message,omitempty"`
	Delta        *chatMessage `json:"delta,omitempty"`
	FinishReason *string      `json:"finish_reason"`
	Native       string       `json:"native_finish_reason,omitempty"`
	Logprobs     any          `json:"logprobs"`
}

type chatMessage struct {
	Role      string         `json:"role,omitempty"`
	Content   any            `json:"content,omitempty"` // a string, null, or nil to leave it out
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
	Reasoning string         `json:"reasoning_content,omitempty"`
	Thought   string         `json:"reasoning,omitempty"`
	Refusal   any            `json:"refusal,omitempty"` // null, or nil to leave it out
}

type chatToolCall struct {
	Index    *int         `json:"index,omitempty"`
	ID       string       `json:"id"`
	Type     string       `json:"type"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// head are the fields that an object and every chunk share. The id follows
// from the input, so that the same call gives the same bytes.
func (srv *Server) head(d *chatDialect, object string, req *inference.TextRequest, done *inference.Completion) ChatBody {
	h := fnv.New128a()
	for _, t := range req.Turns {
		h.Write([]byte(t.Role + "\x00" + t.Content + "\x00"))
	}
	h.Write([]byte(req.Model + "\x00" + done.Text))
	return ChatBody{
		ID: fmt.Sprintf("%s%x", d.idPrefix, h.Sum(nil)), Object: object, Created: srv.clock.Now().Unix(),
		Model: req.Model, Provider: d.provider, Fingerprint: d.fingerprint,
	}
}

func chatCalls(done *inference.Completion, indexed bool) []chatToolCall {
	var out []chatToolCall
	for i, c := range done.Calls {
		call := chatToolCall{ID: fmt.Sprintf("call_%s_%d", strings.ToLower(c.Name), i+1), Type: "function",
			Function: chatFunction{c.Name, string(c.Arguments)}}
		if indexed {
			call.Index = &i
		}
		out = append(out, call)
	}
	return out
}

// ChatObject is a whole chat.completion.
func (srv *Server) ChatObject(d *chatDialect, req *inference.TextRequest, done *inference.Completion) *ChatBody {
	body := srv.head(d, "chat.completion", req, done)
	message := &chatMessage{Role: "assistant", Content: done.Text, ToolCalls: chatCalls(done, false), Reasoning: d.reasoning, Thought: d.thought}
	if d.hasRefusal {
		message.Refusal = json.RawMessage("null")
	}
	if message.ToolCalls != nil {
		message.Content = json.RawMessage("null")
	}
	body.Choices = []chatChoice{{Message: message, FinishReason: &done.FinishReason, Native: d.nativeFinish(done)}}
	body.Usage = d.usage(done)
	return &body
}

func (d *chatDialect) nativeFinish(done *inference.Completion) string {
	if d.hasNativeFinish {
		return done.FinishReason
	}
	return ""
}

// chunker makes the events of one streamed chat completion.
type chunker struct {
	dialect *chatDialect
	head    ChatBody
	rng     *rand.Rand
}

func (c *chunker) delta(message *chatMessage) []byte {
	return c.event([]chatChoice{{Delta: message}}, nil)
}

func (c *chunker) event(choices []chatChoice, usage any) []byte {
	body := c.head
	body.Choices, body.Usage = choices, usage
	if c.dialect.hasPadding {
		body.P = inference.Padding(c.rng)
	}
	return inference.Event(body)
}

// end are the last events: the finish reason, the usage, the mark of the end.
func (c *chunker) end(done *inference.Completion) [][]byte {
	finish := []chatChoice{{Delta: &chatMessage{}, FinishReason: &done.FinishReason, Native: c.dialect.nativeFinish(done)}}
	if c.dialect.omitsStreamUsage {
		return [][]byte{c.event(finish, nil), inference.EventDone}
	}
	usage := c.dialect.usage(done)
	if c.dialect.usageInLastChunk {
		return [][]byte{c.event(finish, usage), inference.EventDone}
	}
	return [][]byte{c.event(finish, nil), c.event([]chatChoice{}, usage), inference.EventDone}
}

// ChatStream is the answer as chat.completion.chunk events.
func (srv *Server) ChatStream(d *chatDialect, req *inference.TextRequest, done *inference.Completion) *inference.Answer {
	frames := func(yield func([]byte) bool) {
		c := &chunker{d, srv.head(d, "chat.completion.chunk", req, done), req.Random()}
		if d.comment != "" && !yield([]byte(": "+d.comment+"\n\n")) {
			return
		}
		if !yield(c.delta(&chatMessage{Role: "assistant", Content: ""})) {
			return
		}
		for piece := range inference.Pieces(d.reasoning + d.thought) { // one of them
			message := &chatMessage{Reasoning: piece}
			if d.thought != "" {
				message = &chatMessage{Thought: piece}
			}
			if !yield(c.delta(message)) {
				return
			}
		}
		for piece := range done.Pieces() {
			if !yield(c.delta(&chatMessage{Content: piece})) {
				return
			}
		}
		if done.FinishReason == inference.FinishError {
			return // an early end must not look like a complete answer
		}
		if calls := chatCalls(done, true); calls != nil && !yield(c.delta(&chatMessage{ToolCalls: calls})) {
			return
		}
		for _, frame := range c.end(done) {
			if !yield(frame) {
				return
			}
		}
	}
	return inference.StreamAnswer(frames, done)
}

// chatInput is a message in the form of a chat completion.
type chatInput struct {
	Role       string         `json:"role"`
	Content    any            `json:"content"`
	ToolCalls  []chatToolCall `json:"tool_calls,omitempty"`
	ToolCallID string         `json:"tool_call_id,omitempty"`
}
